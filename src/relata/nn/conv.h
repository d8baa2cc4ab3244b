// A convolution of pictures with what follows it: bias or batch normalisation, and an activation.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <optional>

#include "relata/nn/activation.h"
#include "relata/nn/batch_norm.h"
#include "relata/nn/linear.h"

namespace relata::nn {

struct ConvOptions {
  int64_t in = 3;
  int64_t out = 3;
  int64_t kernel = 1;  ///< its side
  int64_t stride = 1;
  int64_t groups = 1;
  int64_t before = 0;                         ///< zeros above and on the left
  int64_t after = 0;                          ///< zeros below and on the right
  std::optional<BatchNormOptions> norm = {};  ///< in place of a bias
  Activation activation = Activation::kIdentity;
};

class ConvImpl : public torch::nn::Module {
 public:
  /// Kernel and bias initialised as PyTorch's: uniform in ±1/√(in/groups · kernel²).
  explicit ConvImpl(const ConvOptions& options);

  /// [batch, in, height, width] → [batch, out, rows, columns], where
  /// rows = ⌊(height + before + after − kernel) / stride⌋ + 1, and columns alike.
  torch::Tensor forward(const torch::Tensor& x);

  /// For inference: multiplies the norm, with its running statistics, into the kernel, packs that
  /// for the processor and lets the original go. Input must then have that dtype, output has it.
  /// There is no way back; the layer has no gradients.
  void freeze(Precision precision);
  bool frozen() const { return packed_.defined(); }
  /// Of what goes in.
  torch::Dtype dtype() const { return frozen() ? packed_.scalar_type() : weight.scalar_type(); }

  torch::Tensor weight;  ///< [out, in / groups, kernel, kernel]
  torch::Tensor bias;    ///< [out], undefined with a norm
  BatchNorm norm{nullptr};

 private:
  torch::Tensor padded(const torch::Tensor& x) const;
  torch::Tensor packed_forward(const torch::Tensor& x) const;

  ConvOptions options_;
  int64_t padding_ = 0;  ///< that the kernel itself adds on all sides
  torch::Tensor packed_;
  torch::Tensor packed_bias_;
};
TORCH_MODULE(Conv);

}  // namespace relata::nn
