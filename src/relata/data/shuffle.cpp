#include "relata/data/shuffle.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "relata/base/counter_rng.h"
#include "relata/base/error.h"

namespace relata::data {

std::vector<int64_t> shuffled(int64_t size, const ShuffleKey& key) {
  std::vector<int64_t> order(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), int64_t{0});
  CounterRng rng(key.seed, key.stream, key.epoch);
  for (size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[rng.below(i)]);  // Fisher–Yates
  return order;
}

std::vector<std::vector<int64_t>> epoch_batches(int64_t size, int64_t epoch,
                                                const SamplerOptions& options) {
  if (options.batch < 0) {
    throw Error({.what = fmt::format("the batch has {} rows", options.batch),
                 .remedy = "set train.batch to a number of rows, or 0 for all"});
  }
  std::vector<int64_t> order(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), int64_t{0});
  if (options.order == SamplerOptions::Order::kShuffled) {
    order = shuffled(size, {options.seed, kOrderStream, static_cast<uint64_t>(epoch)});
  }
  const int64_t batch = options.batch == 0 ? size : options.batch;
  std::vector<std::vector<int64_t>> batches;
  for (int64_t begin = 0; begin < size; begin += batch) {
    const int64_t end = std::min(begin + batch, size);
    if (end - begin < batch && options.last == SamplerOptions::Last::kDrop) break;
    batches.emplace_back(order.begin() + begin, order.begin() + end);
  }
  if (batches.empty()) {
    throw Error({.what = fmt::format("{} rows give no batch of {}", size, batch),
                 .remedy = "lower train.batch, or keep the last batch (train.drop_last=false)"});
  }
  return batches;
}

BatchSequence::BatchSequence(int64_t size, const SamplerOptions& options)
    : size_(size),
      options_(options),
      per_epoch_(static_cast<int64_t>(epoch_batches(size, 0, options).size())) {}

std::vector<int64_t> BatchSequence::rows(int64_t epoch, int64_t number) {
  std::shared_ptr<const Epoch> batches;
  {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<const Epoch>& known = epochs_[epoch];
    if (!known) known = std::make_shared<const Epoch>(epoch_batches(size_, epoch, options_));
    batches = known;
    std::erase_if(epochs_, [&](const auto& entry) { return entry.first + 1 < epoch; });
  }
  return batches->at(static_cast<size_t>(number));
}

}  // namespace relata::data
