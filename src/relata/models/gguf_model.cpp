#include "relata/models/gguf_model.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "relata/base/error.h"
#include "relata/models/gguf_keys.h"

namespace relata::models {
namespace {

using nlohmann::json;
using torch::Tensor;

struct Heads {
  int64_t queries = 0;
  int64_t keys = 0;
};

Heads heads_of(const GgufKeys& keys) {
  const int64_t heads = keys.integer("llama.attention.head_count");
  return {heads, keys.maybe_integer("llama.attention.head_count_kv").value_or(heads)};
}

/// The layer's part of a name, in GGUF and in Hugging Face's files.
const std::map<std::string, std::string, std::less<>>& layer_names() {
  static const std::map<std::string, std::string, std::less<>> names{
      {"attn_norm", "input_layernorm"},    {"attn_q", "self_attn.q_proj"},
      {"attn_k", "self_attn.k_proj"},      {"attn_v", "self_attn.v_proj"},
      {"attn_output", "self_attn.o_proj"}, {"ffn_norm", "post_attention_layernorm"},
      {"ffn_gate", "mlp.gate_proj"},       {"ffn_up", "mlp.up_proj"},
      {"ffn_down", "mlp.down_proj"}};
  return names;
}

/// "blk.3.attn_q.weight" → ("3", "attn_q", "weight"); nothing for other names.
std::optional<std::array<std::string, 3>> layer_parts(const std::string& name) {
  if (!name.starts_with("blk.")) return std::nullopt;
  const size_t second = name.find('.', 4);
  const size_t last = name.rfind('.');
  if (second == std::string::npos || last <= second) return std::nullopt;
  return std::array{name.substr(4, second - 4), name.substr(second + 1, last - second - 1),
                    name.substr(last + 1)};
}

/// Rows (2 i, 2 i + 1) of a head back to (i, i + width/2).
Tensor in_halves(const Tensor& rows, int64_t heads, const std::string& name,
                 const std::string& where) {
  if (heads < 1 || rows.size(0) % (2 * heads) != 0) {
    throw Error({.what = fmt::format("'{}' has {} rows for {} heads", name, rows.size(0), heads),
                 .where = where});
  }
  auto shape = rows.sizes().vec();
  const int64_t half = shape[0] / heads / 2;
  std::vector<int64_t> split{heads, half, 2};
  split.insert(split.end(), shape.begin() + 1, shape.end());
  return rows.view(split).transpose(1, 2).reshape(shape);
}

}  // namespace

json gguf_config(const io::GgufContent& content, const std::string& where) {
  const GgufKeys keys(content, where);
  if (keys.text("general.architecture") != "llama") {
    throw Error({.what = "the architecture '" + keys.text("general.architecture") +
                         "' of a GGUF file is not known",
                 .where = where,
                 .remedy = "known is llama"});
  }
  if (keys.has("llama.rope.scaling.type") && keys.text("llama.rope.scaling.type") != "none")
    throw Error({.what = "scaled rotary positions in a GGUF file are not known", .where = where});
  const Heads heads = heads_of(keys);
  const int64_t width = keys.integer("llama.embedding_length");
  bool tied = true;
  bool attention_bias = false;
  int64_t vocabulary = 0;
  for (const io::GgufTensor& tensor : content.tensors) {
    tied &= tensor.name != "output.weight";
    attention_bias |= tensor.name == "blk.0.attn_q.bias";
    if (tensor.name == "token_embd.weight" && !tensor.shape.empty()) vocabulary = tensor.shape[0];
  }
  json config{{"architectures", {"LlamaForCausalLM"}},
              {"model_type", "llama"},
              {"hidden_size", width},
              {"num_hidden_layers", keys.integer("llama.block_count")},
              {"num_attention_heads", heads.queries},
              {"num_key_value_heads", heads.keys},
              {"head_dim", keys.maybe_integer("llama.attention.key_length")
                               .value_or(heads.queries > 0 ? width / heads.queries : 0)},
              {"intermediate_size", keys.integer("llama.feed_forward_length")},
              {"vocab_size", vocabulary},
              {"max_position_embeddings", keys.integer("llama.context_length")},
              {"hidden_act", "silu"},
              {"rms_norm_eps", keys.number("llama.attention.layer_norm_rms_epsilon")},
              {"rope_theta",
               keys.has("llama.rope.freq_base") ? keys.number("llama.rope.freq_base") : 10000.0},
              {"attention_bias", attention_bias},
              {"tie_word_embeddings", tied}};
  for (const auto& [ours, theirs] :
       {std::pair("bos_token_id", "tokenizer.ggml.bos_token_id"),
        std::pair("eos_token_id", "tokenizer.ggml.eos_token_id"),
        std::pair("pad_token_id", "tokenizer.ggml.padding_token_id")}) {
    if (const auto id = keys.maybe_integer(theirs)) config[ours] = *id;
  }
  return config;
}

nn::NamedTensors gguf_tensors(const nn::NamedTensors& tensors, const io::GgufContent& content,
                              const std::string& where) {
  const Heads heads = heads_of(GgufKeys(content, where));
  const std::map<std::string, std::string> ends{{"token_embd.weight", "model.embed_tokens.weight"},
                                                {"output_norm.weight", "model.norm.weight"},
                                                {"output.weight", "lm_head.weight"}};
  nn::NamedTensors renamed;
  for (const auto& [name, tensor] : tensors) {
    if (const auto end = ends.find(name); end != ends.end()) {
      renamed[end->second] = tensor;
      continue;
    }
    const auto parts = layer_parts(name);
    const auto layer = parts ? layer_names().find((*parts)[1]) : layer_names().end();
    if (layer == layer_names().end()) {
      throw Error({.what = "a tensor '" + name + "', which no llama has", .where = where});
    }
    const std::string theirs =
        fmt::format("model.layers.{}.{}.{}", (*parts)[0], layer->second, (*parts)[2]);
    if (layer->first == "attn_q" || layer->first == "attn_k") {
      const int64_t count = layer->first == "attn_q" ? heads.queries : heads.keys;
      renamed[theirs] = in_halves(tensor, count, name, where);
    } else {
      renamed[theirs] = tensor;
    }
  }
  return renamed;
}

}  // namespace relata::models
