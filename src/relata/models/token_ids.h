// What text towers ask of the ids that they are given.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string_view>

namespace relata::models {

/// Throws Error unless ids are [batch, tokens] int64 with 1 to `most` tokens.
void check_token_ids(const torch::Tensor& ids, int64_t most);

/// Throws Error unless `other`, called `what`, is undefined or of the shape of `ids`.
void check_beside_ids(const torch::Tensor& ids, const torch::Tensor& other, std::string_view what);

}  // namespace relata::models
