// Decoding loops: greedy, sampling, beam search. Same tokens as Hugging Face's `generate`.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "relata/generation/sampling.h"
#include "relata/generation/token_model.h"

namespace relata::generation {

/// When a beam search ends before its length is used up.
enum class EarlyStopping {
  kHeuristic,  ///< when the best running beam, at its present length, cannot win any more
  kWhenFull,   ///< as soon as there are as many finished beams as beams
  kNever,      ///< when the best running beam cannot win at any length
};

struct GenerationOptions {
  int64_t max_new_tokens = 128;
  std::vector<int64_t> end_ids;             ///< a row ends with any of these
  std::optional<SamplingOptions> sampling;  ///< absent: the most likely token
  int64_t beams = 1;
  double length_penalty = 1;  ///< a beam's log-probability is divided by its length to this power
  EarlyStopping early_stopping = EarlyStopping::kHeuristic;
  /// Called with (row, token) as tokens are chosen, without beams; false ends the row after it.
  std::function<bool(int64_t, int64_t)> on_token;
};

enum class FinishReason { kEnd, kLength, kStopped };

struct Generated {
  std::vector<int64_t> tokens;           ///< without the prompt, the end token included
  std::vector<float> log_probabilities;  ///< of each token given those before, before sampling's
                                         ///< restriction; empty for beams
  double score = 0;                      ///< beams: log-probability over length^penalty
  FinishReason reason = FinishReason::kLength;
};

/// One result a prompt. ids [batch, tokens] int64, mask [batch, tokens] bool or undefined: padding
/// stands in front. Samples from torch's CPU generator. Throws Error for options that contradict
/// each other and a prompt that leaves no room; fewer new tokens are made where positions run out.
std::vector<Generated> generate(TokenModel& model, const torch::Tensor& ids,
                                const torch::Tensor& mask, const GenerationOptions& options);

}  // namespace relata::generation
