// What of a next-token distribution may be drawn.
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace relata::generation {

struct SamplingOptions {
  double temperature = 1;  ///< logits are divided by it
  int64_t top_k = 0;       ///< only the k most likely tokens; 0: all
  double top_p = 1;        ///< only the fewest tokens whose probabilities sum to p or more
};

/// Throws Error for a temperature that is not positive, a negative k, or p outside (0, 1].
void check(const SamplingOptions& options);

/// logits [batch, vocabulary] → the same, −∞ where a token may not be drawn. The order is
/// temperature, top-k, top-p, as in Hugging Face's `generate`; ties with the k-th are kept.
torch::Tensor restricted(const torch::Tensor& logits, const SamplingOptions& options);

}  // namespace relata::generation
