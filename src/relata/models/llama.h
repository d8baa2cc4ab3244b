// LLaMA-type decoders: RMSNorm, rotary positions, grouped heads, SwiGLU. Source: Touvron et al.,
// 2023; SmolLM2, Vicuna and Mistral without a sliding window are of this type.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "relata/models/config_reader.h"
#include "relata/models/tensor_table.h"
#include "relata/nn/rotary.h"
#include "relata/nn/transformer.h"

namespace relata::models {

struct LlamaConfig {
  int64_t width = 4096;
  int64_t layers = 32;
  int64_t heads = 32;
  int64_t groups = 32;  ///< heads of keys and values
  int64_t head_width = 128;
  int64_t hidden = 11008;
  int64_t vocabulary = 32000;
  int64_t positions = 2048;
  nn::Activation activation = nn::Activation::kSilu;
  double epsilon = 1e-6;
  nn::RotaryOptions rotary;
  bool attention_bias = false;
  bool mlp_bias = false;
  bool tied = false;  ///< the output layer is the token table
  std::vector<int64_t> end_ids;
  int64_t begin_id = -1;  ///< −1: none

  /// From a config.json of type llama, or mistral without a sliding window.
  static LlamaConfig from_json(const ConfigReader& reader);
  nlohmann::json to_json() const;
  nn::BlockOptions block() const;
};

class LlamaImpl : public torch::nn::Module {
 public:
  explicit LlamaImpl(const LlamaConfig& config);

  struct Input {
    torch::Tensor ids;        ///< [batch, tokens] int64; or
    torch::Tensor embeds;     ///< [batch, tokens, width], already in the token table's space
    torch::Tensor mask = {};  ///< [batch, cached + tokens], true at real tokens; undefined: all are
    /// [batch, tokens] int64; undefined: after the cached ones, and counted over real tokens where
    /// there is a mask.
    torch::Tensor positions = {};
  };
  /// The final norm of the last layer's output, [batch, tokens, width].
  torch::Tensor hidden(const Input& input, const nn::TransformerRun& run = {});
  /// [..., width] → [..., vocabulary] float32
  torch::Tensor logits(const torch::Tensor& hidden);
  /// [batch, tokens] → [batch, tokens, width]
  torch::Tensor embed(const torch::Tensor& ids) const;
  nn::LayerCaches caches() const { return nn::LayerCaches(static_cast<size_t>(config_.layers)); }
  void freeze(nn::Precision precision);
  const LlamaConfig& config() const { return config_; }

 private:
  /// Of what goes into the layers.
  torch::Dtype dtype() const { return packed_.value_or(tokens_.scalar_type()); }
  LlamaConfig config_;
  torch::Tensor tokens_;
  nn::Transformer layers_;
  nn::Norm norm_;
  nn::Linear head_{nullptr};
  nn::Linear packed_head_{nullptr};  ///< of a tied model, once frozen
  nn::RotaryTable rotary_;
  std::optional<torch::Dtype> packed_;  ///< dtype of the layers once frozen
};
TORCH_MODULE(Llama);

std::vector<TensorTable> llama_tables(const LlamaConfig& config);

}  // namespace relata::models
