// The one linear layer: y = x Wᵀ + b, its low-rank adapters, and its packed form for inference.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <string>
#include <vector>

#include "relata/nn/activation.h"

namespace relata::nn {

enum class Precision { kFp32, kBf16 };

torch::Dtype dtype_of(Precision precision);

/// What the calls of a frozen layer are like.
enum class Use {
  kBatches,  ///< many rows: weights packed for matrix products
  kFewRows,  ///< mostly a few rows, as in decoding: weights as they stand, read once a call
};

/// A low-rank adapter (Hu et al., "LoRA", ICLR 2022) of rows [begin, begin + rows) of a weight:
/// W + scale · B A. A part of the rows is a third of a fused query-key-value weight, say.
struct LoraOptions {
  int64_t begin = 0;
  int64_t rows = 0;  ///< 0: all from `begin`
  int64_t rank = 8;
  double alpha = 8;     ///< scale = alpha / rank
  double dropout = 0;   ///< of the adapter's input, in training mode
  bool rslora = false;  ///< scale = alpha / √rank
};

class LinearImpl : public torch::nn::Module {
 public:
  /// Initialised as PyTorch's: weight and bias uniform in ±1/√in.
  LinearImpl(int64_t in, int64_t out, bool bias = true);

  /// [..., in] → [..., out]
  torch::Tensor forward(const torch::Tensor& x, Activation activation = Activation::kIdentity);
  /// forward(x) + residual, in one pass where the layer is frozen. residual [..., out]
  torch::Tensor forward_add(const torch::Tensor& x, const torch::Tensor& residual);

  int64_t in() const { return in_; }
  int64_t out() const { return out_; }

  /// Adds an adapter under the name lora_<name>: A uniform as PEFT's (Kaiming, √5), B zero, so that
  /// nothing changes yet. Freezes the weight and the bias. Throws Error for rows that are not
  /// there, a rank below 1, a name that is taken, or a layer that is frozen.
  void add_lora(const std::string& name, const LoraOptions& options);
  /// Adds the adapters into the weight; forward then costs what it did without them. `unmerge`
  /// puts the weight back, bit for bit.
  void merge();
  void unmerge();
  bool merged() const { return unmerged_.defined(); }

  struct Lora {
    std::string name;
    LoraOptions options;
    double scale = 1;
    torch::Tensor a;  ///< [rank, in]
    torch::Tensor b;  ///< [rows, rank]
  };
  const std::vector<Lora>& loras() const { return loras_; }

  struct FreezeOptions {
    Precision precision = Precision::kFp32;
    Use use = Use::kBatches;
    double weight_scale = 1;
    double bias_scale = 1;
  };
  /// For inference: converts the weight for that use and precision, adapters merged, and lets the
  /// original go. Input must then have that dtype, output has it. `weight_scale` and
  /// `bias_scale` are multiplied in beforehand, so that a scale around an activation costs nothing.
  /// There is no way back; the layer has no gradients.
  void freeze(const FreezeOptions& options);
  void freeze(Precision precision) { freeze(FreezeOptions{.precision = precision}); }
  bool frozen() const { return packed_.defined(); }

  torch::Tensor weight;  ///< [out, in]
  torch::Tensor bias;    ///< [out], undefined without

 private:
  torch::Tensor adapted(const torch::Tensor& x) const;
  torch::Tensor frozen_for_few(const torch::Tensor& x) const;

  int64_t in_;
  int64_t out_;
  std::vector<Lora> loras_;
  torch::Tensor unmerged_;  ///< the weight before merge()
  torch::Tensor packed_;    ///< for `use_`
  torch::Tensor packed_bias_;
  Use use_ = Use::kBatches;
};
TORCH_MODULE(Linear);

}  // namespace relata::nn
