// The two-layer perceptron: Linear → ReLU → Linear.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>

namespace relata::nn {

struct MlpShape {
  int64_t in = 0;
  int64_t hidden = 0;
  int64_t out = 0;
  double dropout = 0;  ///< after the ReLU, in training mode
};

/// A Linear with Xavier-normal weight and zero bias. libtorch's default initialisation is drawn
/// first and then overwritten, as PyTorch code that re-initialises does, so the generator ends in
/// the same state (M3CoL spec, G14).
torch::nn::Linear xavier_linear(int64_t in, int64_t out);

class MlpImpl : public torch::nn::Module {
 public:
  explicit MlpImpl(const MlpShape& shape);
  /// [rows, in] → [rows, out]
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::Linear hidden_;
  torch::nn::Linear out_;
  double dropout_;
};
TORCH_MODULE(Mlp);

}  // namespace relata::nn
