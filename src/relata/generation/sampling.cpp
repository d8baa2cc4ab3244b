#include "relata/generation/sampling.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <limits>

#include "relata/base/error.h"

namespace relata::generation {
namespace {

using torch::Tensor;

constexpr float kNever = -std::numeric_limits<float>::infinity();

Tensor keep_top_k(const Tensor& logits, int64_t k) {
  const Tensor smallest = std::get<0>(logits.topk(std::min(k, logits.size(1)), 1)).select(1, -1);
  return logits.masked_fill(logits < smallest.unsqueeze(1), kNever);
}

Tensor keep_top_p(const Tensor& logits, double p) {
  // Ascending: a token goes if it and all less likely ones have 1 − p or less; the last stays.
  const auto [sorted, order] = logits.sort(1, false);
  Tensor gone = sorted.softmax(1).cumsum(1) <= 1 - p;
  gone.select(1, -1).fill_(false);
  return logits.masked_fill(gone.scatter(1, order, gone), kNever);
}

}  // namespace

void check(const SamplingOptions& options) {
  if (options.temperature > 0 && options.top_k >= 0 && options.top_p > 0 && options.top_p <= 1)
    return;
  throw Error({.what = fmt::format("temperature {}, top-k {}, top-p {}", options.temperature,
                                   options.top_k, options.top_p),
               .remedy = "a temperature is positive, k at least 0, p above 0 and at most 1"});
}

Tensor restricted(const Tensor& logits, const SamplingOptions& options) {
  Tensor kept = options.temperature == 1 ? logits : logits / options.temperature;
  if (options.top_k > 0) kept = keep_top_k(kept, options.top_k);
  return options.top_p < 1 ? keep_top_p(kept, options.top_p) : kept;
}

}  // namespace relata::generation
