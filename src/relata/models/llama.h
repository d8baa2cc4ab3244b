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
#include "relata/nn/virtual_tokens.h"

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
    torch::Tensor ids;     ///< [batch, tokens] int64; or
    torch::Tensor embeds;  ///< [batch, tokens, width], already in the token table's space
    /// [batch, cached + tokens] without virtual tokens, true at real tokens; undefined: all are
    torch::Tensor mask = {};
    /// [batch, tokens] int64; undefined: after the cached and the virtual ones, and counted over
    /// real tokens where there is a mask.
    torch::Tensor positions = {};
  };
  /// The final norm of the last layer's output, [batch, tokens, width].
  torch::Tensor hidden(const Input& input, const nn::TransformerRun& run = {});
  /// [..., width] → [..., vocabulary] float32
  torch::Tensor logits(const torch::Tensor& hidden);
  /// [batch, tokens] → [batch, tokens, width]
  torch::Tensor embed(const torch::Tensor& ids) const;
  /// Trained keys and values, or inputs, before every text; `hidden` as PrefixOptions. Freezes all
  /// other parameters. Throws Error if there are virtual tokens already.
  nn::Prefix& add_prefix(int64_t tokens, int64_t hidden = 0);
  nn::Prompt& add_prompt(int64_t tokens);
  /// Null where there are none.
  nn::Prefix& prefix() { return prefix_; }
  nn::Prompt& prompt() { return prompt_; }
  int64_t virtual_tokens() const;
  nn::LayerCaches caches() const { return nn::LayerCaches(static_cast<size_t>(config_.layers)); }
  void freeze(nn::Precision precision);
  const LlamaConfig& config() const { return config_; }

 private:
  /// What the layers are given for a text that virtual tokens may precede.
  struct Stretch;
  Stretch stretch(const Input& input, const nn::LayerCaches* caches) const;
  /// Of what goes into the layers.
  torch::Dtype dtype() const { return packed_.value_or(tokens_.scalar_type()); }
  /// All parameters stay as they are from now on. Throws Error if there are virtual tokens.
  void begin_virtual_tokens();

  LlamaConfig config_;
  torch::Tensor tokens_;
  nn::Transformer layers_;
  nn::Norm norm_;
  nn::Linear head_{nullptr};
  nn::Linear packed_head_{nullptr};  ///< of a tied model, once frozen
  nn::RotaryTable rotary_;
  nn::Prefix prefix_{nullptr};
  nn::Prompt prompt_{nullptr};
  std::optional<torch::Dtype> packed_;  ///< dtype of the layers once frozen
};
TORCH_MODULE(Llama);

std::vector<TensorTable> llama_tables(const LlamaConfig& config);

}  // namespace relata::models
