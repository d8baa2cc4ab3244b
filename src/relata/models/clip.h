// CLIP's two towers. Source: Radford et al., "Learning transferable visual models from natural
// language supervision", ICML 2021, and the code published with it.
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

struct ClipVisionConfig {
  int64_t width = 768;
  int64_t layers = 12;
  int64_t heads = 12;
  int64_t hidden = 3072;
  int64_t channels = 3;
  int64_t patch = 32;
  Grid grid{7, 7};
  nn::Activation activation = nn::Activation::kQuickGelu;
  double epsilon = 1e-5;
  int64_t projection = 512;  ///< 0: none

  nn::BlockOptions block() const;
};

struct ClipTextConfig {
  int64_t width = 512;
  int64_t layers = 12;
  int64_t heads = 8;
  int64_t hidden = 2048;
  int64_t vocabulary = 49408;
  int64_t positions = 77;
  nn::Activation activation = nn::Activation::kQuickGelu;
  double epsilon = 1e-5;
  /// The text's vector is taken at the first token with this id. 2, which OpenAI's own
  /// configurations carry by mistake, stands for the first token with the largest id.
  int64_t end_id = 2;
  int64_t projection = 512;  ///< 0: none

  nn::BlockOptions block() const;
};

struct ClipConfig {
  std::optional<ClipVisionConfig> vision;
  std::optional<ClipTextConfig> text;

  /// From a Hugging Face config.json of type clip, clip_vision_model or clip_text_model.
  static ClipConfig from_json(const ConfigReader& reader);
  /// From the shapes of an OpenAI or OpenCLIP checkpoint, which carries no configuration. The
  /// activation is the caller's to say: OpenAI's weights are for QuickGELU, most of OpenCLIP's for
  /// GELU.
  static ClipConfig from_tensors(const nn::NamedTensors& tensors, nn::Activation activation,
                                 const std::string& where);
  nlohmann::json to_json() const;
};

class ClipVisionImpl : public torch::nn::Module {
 public:
  explicit ClipVisionImpl(const ClipVisionConfig& config);
  /// pixels [batch, channels, height, width], normalised. `tokens` are the last layer's output
  /// without norm, the class token first; `pooled` is norm_post of that token.
  TowerOutput forward(const torch::Tensor& pixels, const nn::TransformerRun& run = {});
  /// `embedding` alone: the last layer computes the class token only.
  torch::Tensor embed(const torch::Tensor& pixels);
  /// Makes the positions fit pictures of another size.
  void resize_grid(Grid grid, GridFilter filter);
  void freeze(nn::Precision precision, bool one_token);
  const ClipVisionConfig& config() const { return config_; }

 private:
  /// Of what goes into the layers.
  torch::Dtype dtype() const { return packed_.value_or(positions_.scalar_type()); }
  torch::Tensor embedded(const torch::Tensor& pixels);
  torch::Tensor projected(const torch::Tensor& pooled);

  ClipVisionConfig config_;
  nn::Linear patch_;
  torch::Tensor class_embedding_;
  torch::Tensor positions_;
  nn::Norm norm_pre_;
  nn::Transformer layers_;
  nn::Norm norm_post_;
  nn::Linear projection_{nullptr};
  std::optional<torch::Dtype> packed_;  ///< dtype of the layers once frozen
};
TORCH_MODULE(ClipVision);

class ClipTextImpl : public torch::nn::Module {
 public:
  explicit ClipTextImpl(const ClipTextConfig& config);
  /// ids [batch, tokens] int64; mask [batch, tokens], true at real tokens, or undefined. `tokens`
  /// are final norm of the last layer's output; `pooled` is the one at the end token.
  TowerOutput forward(const torch::Tensor& ids, const torch::Tensor& mask = {},
                      const nn::TransformerRun& run = {});
  /// `embedding` alone. Tokens after the last row's end token are not computed (none before sees
  /// them), and the last layer computes the end tokens only.
  torch::Tensor embed(const torch::Tensor& ids, const torch::Tensor& mask = {});
  /// [batch]: where each text's vector is taken.
  torch::Tensor end_positions(const torch::Tensor& ids) const;
  void freeze(nn::Precision precision, bool one_token);
  const ClipTextConfig& config() const { return config_; }

 private:
  /// Of what goes into the layers.
  torch::Dtype dtype() const { return packed_.value_or(positions_.scalar_type()); }
  torch::Tensor embedded(const torch::Tensor& ids);
  torch::Tensor projected(const torch::Tensor& pooled);

  ClipTextConfig config_;
  torch::Tensor token_embedding_;
  torch::Tensor positions_;
  nn::Transformer layers_;
  nn::Norm norm_final_;
  nn::Linear projection_{nullptr};
  std::optional<torch::Dtype> packed_;  ///< dtype of the layers once frozen
};
TORCH_MODULE(ClipText);

class ClipImpl : public torch::nn::Module {
 public:
  explicit ClipImpl(const ClipConfig& config);
  ClipVision vision{nullptr};  ///< null without such a tower
  ClipText text{nullptr};
  torch::Tensor logit_scale;  ///< ln of the factor of the cosine; undefined unless both towers are

  const ClipConfig& config() const { return config_; }

 private:
  ClipConfig config_;
};
TORCH_MODULE(Clip);

/// Hugging Face, OpenAI, OpenCLIP with its text tower apart.
std::vector<TensorTable> clip_tables(const ClipConfig& config);

}  // namespace relata::models
