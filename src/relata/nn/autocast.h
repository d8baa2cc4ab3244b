// Mixed precision in training: products in bfloat16, everything that needs it in float32.
#pragma once

#include <torch/types.h>

#include "relata/nn/linear.h"

namespace relata::nn {

/// While one is alive on this thread, libtorch's autocast runs products (linear layers, attention,
/// convolutions) in that precision; parameters and their gradients stay float32. kFp32: no product
/// is cast, even inside another one.
class Autocast {
 public:
  explicit Autocast(Precision precision);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  bool was_enabled_;
  torch::Dtype dtype_before_;
};

/// x, in float32 if it was in a shorter format. Logits and losses are computed on it, inside
/// Autocast(kFp32).
torch::Tensor widened(const torch::Tensor& x);

}  // namespace relata::nn
