// Beam search over a TokenModel, with Hugging Face's rules of what ends it.
#pragma once

#include "relata/generation/generate.h"

namespace relata::generation {

/// The best finished beam of each prompt. `most`: new tokens at most. Called by generate(), which
/// checks the options.
std::vector<Generated> beam_search(TokenModel& model, const torch::Tensor& ids,
                                   const torch::Tensor& mask, int64_t most,
                                   const GenerationOptions& options);

}  // namespace relata::generation
