// Seeded orders of rows: pure functions of their counters, so that resuming replays nothing.
#pragma once

#include <cstdint>
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

}  // namespace relata::data
