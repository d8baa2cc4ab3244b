// The Vision Transformer. Source: Dosovitskiy et al., ICLR 2021.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "relata/models/config_reader.h"
#include "relata/models/patches.h"
#include "relata/models/tensor_table.h"
#include "relata/models/tower.h"
#include "relata/nn/transformer.h"

namespace relata::models {

struct VitConfig {
  int64_t width = 768;
  int64_t layers = 12;
  int64_t heads = 12;
  int64_t hidden = 3072;
  int64_t channels = 3;
  int64_t patch = 16;
  Grid grid{14, 14};
  nn::Activation activation = nn::Activation::kGelu;
  double epsilon = 1e-12;
  bool qkv_bias = true;
  double dropout = 0;
  double attention_dropout = 0;
  bool pooler = false;               ///< tanh(dense(class token))
  std::vector<std::string> classes;  ///< of the classifier on the class token; empty: none

  /// From a config.json of type vit. Classes are read only where `with_classifier` says so.
  static VitConfig from_json(const ConfigReader& reader, bool with_classifier);
  nlohmann::json to_json() const;
  nn::BlockOptions block() const;
};

class VitImpl : public torch::nn::Module {
 public:
  explicit VitImpl(const VitConfig& config);
  /// pixels [batch, channels, height, width], normalised. `tokens` after the final norm, the class
  /// token first; `pooled` the pooler's output, undefined without one; `embedding` the class token.
  TowerOutput forward(const torch::Tensor& pixels, const nn::TransformerRun& run = {});
  /// `embedding` alone.
  torch::Tensor embed(const torch::Tensor& pixels);
  /// [batch, width] → [batch, classes]
  torch::Tensor classify(const torch::Tensor& embedding);
  void resize_grid(Grid grid, GridFilter filter);
  void freeze(nn::Precision precision, bool one_token);
  const VitConfig& config() const { return config_; }

 private:
  /// Of what goes into the layers.
  torch::Dtype dtype() const { return packed_.value_or(positions_.scalar_type()); }
  torch::Tensor embedded(const torch::Tensor& pixels);

  VitConfig config_;
  nn::Linear patch_;
  torch::Tensor class_token_;
  torch::Tensor positions_;
  nn::Transformer layers_;
  nn::Norm norm_;
  nn::Linear pooler_{nullptr};
  nn::Linear classifier_{nullptr};
  std::optional<torch::Dtype> packed_;  ///< dtype of the layers once frozen
};
TORCH_MODULE(Vit);

/// Hugging Face, timm.
std::vector<TensorTable> vit_tables(const VitConfig& config);

}  // namespace relata::models
