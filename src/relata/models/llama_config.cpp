#include <fmt/format.h>
#include <torch/torch.h>

#include <nlohmann/json.hpp>

#include "relata/base/error.h"
#include "relata/models/block_names.h"
#include "relata/models/llama.h"

namespace relata::models {
namespace {

/// `rope_scaling` and `rope_theta` of older files, `rope_parameters` of newer ones.
nn::RotaryOptions read_rotary(const ConfigReader& reader, int64_t head_width) {
  const bool newer = reader.has("rope_parameters");
  const ConfigReader scaling = reader.object(newer ? "rope_parameters" : "rope_scaling");
  nn::RotaryOptions rotary{.width = head_width};
  rotary.theta = newer ? scaling.number("rope_theta", 10000) : reader.number("rope_theta", 10000);
  const std::string type = scaling.text("rope_type", scaling.text("type", "default"));
  if (type == "linear") {
    rotary.linear_factor = scaling.number("factor", 1);
  } else if (type == "llama3") {
    rotary.scaled = true;
    rotary.scaling = {
        .factor = scaling.number("factor", 1),
        .low_frequency_factor = scaling.number("low_freq_factor", 1),
        .high_frequency_factor = scaling.number("high_freq_factor", 4),
        .original_positions = scaling.number("original_max_position_embeddings", 8192)};
  } else if (type != "default") {
    throw Error({.what = "rotary positions of type '" + type + "' are not known",
                 .where = scaling.where(),
                 .remedy = "known are default, linear, llama3"});
  }
  return rotary;
}

void refuse_window(const ConfigReader& reader) {
  if (reader.text("model_type", "llama") != "mistral" || !reader.has("sliding_window")) return;
  throw Error({.what = "attention in a sliding window is not known", .where = reader.where()});
}

}  // namespace

LlamaConfig LlamaConfig::from_json(const ConfigReader& reader) {
  refuse_window(reader);
  LlamaConfig config;
  config.width = reader.size("hidden_size", 4096);
  config.layers = reader.size("num_hidden_layers", 32);
  config.heads = reader.size("num_attention_heads", 32);
  config.groups = reader.size("num_key_value_heads", config.heads);
  config.head_width = reader.size("head_dim", config.width / config.heads);
  config.hidden = reader.size("intermediate_size", 11008);
  config.vocabulary = reader.size("vocab_size", 32000);
  config.positions = reader.size("max_position_embeddings", 2048);
  config.activation = reader.activation("hidden_act", "silu");
  config.epsilon = reader.number("rms_norm_eps", 1e-6);
  config.rotary = read_rotary(reader, config.head_width);
  config.attention_bias = reader.boolean("attention_bias", false);
  config.mlp_bias = reader.boolean("mlp_bias", false);
  config.tied = reader.boolean("tie_word_embeddings", false);
  config.end_ids = reader.integers("eos_token_id");
  config.begin_id = reader.integer("bos_token_id", -1);
  if (config.heads % config.groups != 0 || config.head_width % 2 != 0) {
    throw Error({.what = fmt::format("{} heads of width {} in {} groups", config.heads,
                                     config.head_width, config.groups),
                 .where = reader.where()});
  }
  return config;
}

nlohmann::json LlamaConfig::to_json() const {
  nlohmann::json rope{{"rope_theta", rotary.theta}, {"rope_type", "default"}};
  if (rotary.linear_factor != 1)
    rope.update({{"rope_type", "linear"}, {"factor", rotary.linear_factor}});
  if (rotary.scaled) {
    rope.update({{"rope_type", "llama3"},
                 {"factor", rotary.scaling.factor},
                 {"low_freq_factor", rotary.scaling.low_frequency_factor},
                 {"high_freq_factor", rotary.scaling.high_frequency_factor},
                 {"original_max_position_embeddings", rotary.scaling.original_positions}});
  }
  nlohmann::json json{{"architectures", {"LlamaForCausalLM"}},
                      {"model_type", "llama"},
                      {"hidden_size", width},
                      {"num_hidden_layers", layers},
                      {"num_attention_heads", heads},
                      {"num_key_value_heads", groups},
                      {"head_dim", head_width},
                      {"intermediate_size", hidden},
                      {"vocab_size", vocabulary},
                      {"max_position_embeddings", positions},
                      {"hidden_act", nn::activation_name(activation)},
                      {"rms_norm_eps", epsilon},
                      {"rope_parameters", rope},
                      {"rope_theta", rotary.theta},
                      {"attention_bias", attention_bias},
                      {"mlp_bias", mlp_bias},
                      {"tie_word_embeddings", tied}};
  if (!end_ids.empty()) json["eos_token_id"] = end_ids;
  if (end_ids.size() == 1) json["eos_token_id"] = end_ids.front();
  if (begin_id >= 0) json["bos_token_id"] = begin_id;
  return json;
}

nn::BlockOptions LlamaConfig::block() const {
  return {.width = width,
          .heads = heads,
          .groups = groups,
          .head_width = head_width,
          .hidden = hidden,
          .activation = activation,
          .gated = true,
          .norm = nn::NormKind::kRms,
          .epsilon = epsilon,
          .qkv_bias = attention_bias,
          .out_bias = attention_bias,
          .mlp_bias = mlp_bias};
}

std::vector<TensorTable> llama_tables(const LlamaConfig& config) {
  TensorTable table{.naming = "Hugging Face",
                    .rules = {{.ours = "tokens", .theirs = {"embed_tokens.weight"}},
                              {.ours = "norm.weight", .theirs = {"norm.weight"}}},
                    .prefixes = {"model.", "module.", ""},
                    .ignored = {"*rotary_emb.inv_freq"}};
  for (int64_t i = 0; i < config.layers; ++i) {
    const std::string layer = fmt::format("layers.{}.", i);
    const std::string self = layer + "self_attn.";
    add_block(table.rules, fmt::format("layers.{}", i),
              {.qkv = {self + "q_proj", self + "k_proj", self + "v_proj"},
               .out = self + "o_proj",
               .norm1 = layer + "input_layernorm",
               .norm2 = layer + "post_attention_layernorm",
               .up = {layer + "mlp.gate_proj", layer + "mlp.up_proj"},
               .down = layer + "mlp.down_proj"},
              config.block());
  }
  if (config.tied) {
    table.ignored.emplace_back("lm_head.weight");  // some files carry the shared table twice
  } else {
    table.rules.push_back(
        {.ours = "head.weight", .theirs = {"lm_head.weight"}, .unprefixed = true});
  }
  return {table};
}

}  // namespace relata::models
