#include <fmt/format.h>

#include "relata/models/block_names.h"
#include "relata/models/clip.h"

namespace relata::models {
namespace {

using Rules = std::vector<TensorRule>;

BlockNames huggingface_block(const std::string& layer) {
  const std::string attention = layer + ".self_attn.";
  return {.qkv = {attention + "q_proj", attention + "k_proj", attention + "v_proj"},
          .out = attention + "out_proj",
          .norm1 = layer + ".layer_norm1",
          .norm2 = layer + ".layer_norm2",
          .up = {layer + ".mlp.fc1"},
          .down = layer + ".mlp.fc2"};
}

BlockNames openai_block(const std::string& layer) {
  return {.qkv = {layer + ".attn.in_proj"},
          .out = layer + ".attn.out_proj",
          .norm1 = layer + ".ln_1",
          .norm2 = layer + ".ln_2",
          .up = {layer + ".mlp.c_fc"},
          .down = layer + ".mlp.c_proj",
          .qkv_weight = "_weight",
          .qkv_bias = "_bias"};
}

std::vector<int64_t> kernel_shape(const ClipVisionConfig& config) {
  return {config.width, config.channels, config.patch, config.patch};
}

void huggingface_vision(Rules& rules, const ClipVisionConfig& config) {
  const std::string theirs = "vision_model.";
  rules.push_back({.ours = "vision.patch.weight",
                   .theirs = {theirs + "embeddings.patch_embedding.weight"},
                   .shape = kernel_shape(config)});
  rules.push_back(
      {.ours = "vision.class_embedding", .theirs = {theirs + "embeddings.class_embedding"}});
  rules.push_back(
      {.ours = "vision.positions", .theirs = {theirs + "embeddings.position_embedding.weight"}});
  add_layer(rules, "vision.norm_pre", theirs + "pre_layrnorm");  // the published spelling
  for (int64_t i = 0; i < config.layers; ++i) {
    add_block(rules, fmt::format("vision.layers.{}", i),
              huggingface_block(fmt::format("{}encoder.layers.{}", theirs, i)), config.block());
  }
  add_layer(rules, "vision.norm_post", theirs + "post_layernorm");
  if (config.projection > 0) add_layer(rules, "vision.projection", "visual_projection", false);
}

void huggingface_text(Rules& rules, const ClipTextConfig& config) {
  const std::string theirs = "text_model.";
  rules.push_back(
      {.ours = "text.token_embedding", .theirs = {theirs + "embeddings.token_embedding.weight"}});
  rules.push_back(
      {.ours = "text.positions", .theirs = {theirs + "embeddings.position_embedding.weight"}});
  for (int64_t i = 0; i < config.layers; ++i) {
    add_block(rules, fmt::format("text.layers.{}", i),
              huggingface_block(fmt::format("{}encoder.layers.{}", theirs, i)), config.block());
  }
  add_layer(rules, "text.norm_final", theirs + "final_layer_norm");
  if (config.projection > 0) add_layer(rules, "text.projection", "text_projection", false);
}

void openai_vision(Rules& rules, const ClipVisionConfig& config) {
  const std::string theirs = "visual.";
  rules.push_back({.ours = "vision.patch.weight",
                   .theirs = {theirs + "conv1.weight"},
                   .shape = kernel_shape(config)});
  rules.push_back({.ours = "vision.class_embedding", .theirs = {theirs + "class_embedding"}});
  rules.push_back({.ours = "vision.positions", .theirs = {theirs + "positional_embedding"}});
  add_layer(rules, "vision.norm_pre", theirs + "ln_pre");
  for (int64_t i = 0; i < config.layers; ++i) {
    add_block(rules, fmt::format("vision.layers.{}", i),
              openai_block(fmt::format("{}transformer.resblocks.{}", theirs, i)), config.block());
  }
  add_layer(rules, "vision.norm_post", theirs + "ln_post");
  if (config.projection > 0) {
    rules.push_back(
        {.ours = "vision.projection.weight", .theirs = {theirs + "proj"}, .transposed = true});
  }
}

void openai_text(Rules& rules, const ClipTextConfig& config, const std::string& theirs) {
  rules.push_back({.ours = "text.token_embedding", .theirs = {theirs + "token_embedding.weight"}});
  rules.push_back({.ours = "text.positions", .theirs = {theirs + "positional_embedding"}});
  for (int64_t i = 0; i < config.layers; ++i) {
    add_block(rules, fmt::format("text.layers.{}", i),
              openai_block(fmt::format("{}transformer.resblocks.{}", theirs, i)), config.block());
  }
  add_layer(rules, "text.norm_final", theirs + "ln_final");
  if (config.projection > 0) {
    rules.push_back({.ours = "text.projection.weight",
                     .theirs = {theirs + "text_projection"},
                     .transposed = true});
  }
}

TensorTable openai_table(const ClipConfig& config, const std::string& naming,
                         const std::string& text) {
  TensorTable table{.naming = naming,
                    .rules = {},
                    .prefixes = {"", "module."},
                    .ignored = {"input_resolution", "context_length", "vocab_size", "*attn_mask"}};
  if (config.vision) openai_vision(table.rules, *config.vision);
  if (config.text) openai_text(table.rules, *config.text, text);
  return table;
}

}  // namespace

std::vector<TensorTable> clip_tables(const ClipConfig& config) {
  TensorTable huggingface{.naming = "Hugging Face",
                          .rules = {},
                          .prefixes = {"", "module."},
                          .ignored = {"*position_ids"}};
  if (config.vision) huggingface_vision(huggingface.rules, *config.vision);
  if (config.text) huggingface_text(huggingface.rules, *config.text);
  std::vector<TensorTable> tables{huggingface, openai_table(config, "OpenAI", ""),
                                  openai_table(config, "OpenCLIP", "text.")};
  for (TensorTable& table : tables) {
    if (config.vision && config.text) {
      table.rules.push_back({.ours = "logit_scale", .theirs = {"logit_scale"}});
      continue;
    }
    // One tower of a file with both.
    const std::vector<std::string> others =
        config.vision
            ? std::vector<std::string>{"text_model.*",  "text_projection*", "text.*",
                                       "transformer.*", "token_embedding*", "positional_embedding",
                                       "ln_final*"}
            : std::vector<std::string>{"vision_model.*", "visual_projection*", "visual.*"};
    table.ignored.insert(table.ignored.end(), others.begin(), others.end());
    table.ignored.emplace_back("logit_scale");
    if (config.vision && config.vision->projection == 0)
      table.ignored.insert(table.ignored.end(), {"visual_projection*", "visual.proj"});
    if (config.text && config.text->projection == 0) table.ignored.emplace_back("text_projection*");
  }
  return tables;
}

}  // namespace relata::models
