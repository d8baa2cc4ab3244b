// Seeded orders of rows: pure functions of their counters, so that resuming replays nothing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace relata::data {

/// What a random stream is for; two uses of one seed never share numbers.
inline constexpr uint64_t kOrderStream = 1;
inline constexpr uint64_t kSplitStream = 2;
inline constexpr uint64_t kItemStream = 3;

struct ShuffleKey {
  uint64_t seed = 0;
  uint64_t stream = kOrderStream;
  uint64_t epoch = 0;
};

/// A uniformly random permutation of 0 … size−1.
std::vector<int64_t> shuffled(int64_t size, const ShuffleKey& key);

struct SamplerOptions {
  enum class Order { kShuffled, kFile };
  enum class Last { kKeep, kDrop };
  int64_t batch = 0;  ///< rows a batch; 0: all rows
  Order order = Order::kShuffled;
  Last last = Last::kKeep;
  uint64_t seed = 0;
};

/// The batches of one epoch: positions in a view of `size` rows. Throws Error if no batch is left.
std::vector<std::vector<int64_t>> epoch_batches(int64_t size, int64_t epoch,
                                                const SamplerOptions& options);

/// The batches of all epochs in a row, for threads that work ahead: an epoch is dealt out once for
/// all that ask for it, and forgotten when the next but one begins.
class BatchSequence {
 public:
  /// Throws Error if an epoch has no batch.
  BatchSequence(int64_t size, const SamplerOptions& options);

  int64_t per_epoch() const { return per_epoch_; }
  /// Batch `number` of `epoch`. Safe to call from several threads.
  std::vector<int64_t> rows(int64_t epoch, int64_t number);

 private:
  using Epoch = std::vector<std::vector<int64_t>>;

  int64_t size_;
  SamplerOptions options_;
  int64_t per_epoch_;
  std::mutex mutex_;
  std::map<int64_t, std::shared_ptr<const Epoch>> epochs_;
};

}  // namespace relata::data
