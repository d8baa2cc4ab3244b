#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "relata/base/error.h"
#include "relata/models/clip.h"

namespace relata::models {
namespace {

using nlohmann::json;
using nn::NamedTensors;

// Defaults are those of Hugging Face's CLIPVisionConfig and CLIPTextConfig, which leave out of a
// file what equals them.
ClipVisionConfig read_vision(const ConfigReader& reader, int64_t projection) {
  ClipVisionConfig config;
  config.width = reader.size("hidden_size", 768);
  config.layers = reader.size("num_hidden_layers", 12);
  config.heads = reader.size("num_attention_heads", 12);
  config.hidden = reader.size("intermediate_size", 3072);
  config.channels = reader.size("num_channels", 3);
  config.patch = reader.size("patch_size", 32);
  const int64_t side = reader.size("image_size", 224) / config.patch;
  config.grid = {side, side};
  config.activation = reader.activation("hidden_act", "quick_gelu");
  config.epsilon = reader.number("layer_norm_eps", 1e-5);
  config.projection = projection;
  return config;
}

ClipTextConfig read_text(const ConfigReader& reader, int64_t projection) {
  ClipTextConfig config;
  config.width = reader.size("hidden_size", 512);
  config.layers = reader.size("num_hidden_layers", 12);
  config.heads = reader.size("num_attention_heads", 8);
  config.hidden = reader.size("intermediate_size", 2048);
  config.vocabulary = reader.size("vocab_size", 49408);
  config.positions = reader.size("max_position_embeddings", 77);
  config.activation = reader.activation("hidden_act", "quick_gelu");
  config.epsilon = reader.number("layer_norm_eps", 1e-5);
  config.end_id = reader.integer("eos_token_id", 49407);
  config.projection = projection;
  return config;
}

void check_heads(const ConfigReader& reader, int64_t width, int64_t heads) {
  if (width % heads == 0) return;
  throw Error(
      {.what = fmt::format("hidden_size {} is no multiple of num_attention_heads {}", width, heads),
       .where = reader.where()});
}

/// Towers saved alone have a projection only in the classes that say so.
int64_t own_projection(const ConfigReader& reader) {
  for (const json& name : reader.content().value("architectures", json::array())) {
    if (name.is_string() && name.get<std::string>().ends_with("WithProjection"))
      return reader.size("projection_dim", 512);
  }
  return 0;
}

json vision_json(const ClipVisionConfig& config) {
  return {{"model_type", "clip_vision_model"},
          {"hidden_size", config.width},
          {"num_hidden_layers", config.layers},
          {"num_attention_heads", config.heads},
          {"intermediate_size", config.hidden},
          {"num_channels", config.channels},
          {"patch_size", config.patch},
          {"image_size", config.grid.rows * config.patch},
          {"hidden_act", nn::activation_name(config.activation)},
          {"layer_norm_eps", config.epsilon},
          {"projection_dim", config.projection}};
}

json text_json(const ClipTextConfig& config) {
  return {{"model_type", "clip_text_model"},
          {"hidden_size", config.width},
          {"num_hidden_layers", config.layers},
          {"num_attention_heads", config.heads},
          {"intermediate_size", config.hidden},
          {"vocab_size", config.vocabulary},
          {"max_position_embeddings", config.positions},
          {"hidden_act", nn::activation_name(config.activation)},
          {"layer_norm_eps", config.epsilon},
          {"eos_token_id", config.end_id},
          {"projection_dim", config.projection}};
}

const torch::Tensor& need(const NamedTensors& tensors, const std::string& name, int64_t dims,
                          const std::string& where) {
  const auto found = tensors.find(name);
  if (found == tensors.end() || found->second.dim() != dims) {
    throw Error({.what = fmt::format("no tensor '{}' of {} axes", name, dims),
                 .where = where,
                 .remedy = "only checkpoints of a CLIP with a ViT tower are known without a "
                           "config.json"});
  }
  return found->second;
}

int64_t layers_of(const NamedTensors& tensors, const std::string& prefix) {
  int64_t count = 0;
  while (tensors.contains(fmt::format("{}resblocks.{}.attn.in_proj_weight", prefix, count)))
    ++count;
  return count;
}

constexpr int64_t kHeadWidth = 64;  // of every published size

}  // namespace

ClipConfig ClipConfig::from_json(const ConfigReader& reader) {
  ClipConfig config;
  const std::string type = reader.text("model_type", "clip");
  if (type == "clip") {
    const int64_t projection = reader.size("projection_dim", 512);
    config.vision = read_vision(reader.object("vision_config"), projection);
    config.text = read_text(reader.object("text_config"), projection);
  } else if (type == "clip_vision_model") {
    config.vision = read_vision(reader, own_projection(reader));
  } else {
    config.text = read_text(reader, own_projection(reader));
  }
  if (config.vision) check_heads(reader, config.vision->width, config.vision->heads);
  if (config.text) check_heads(reader, config.text->width, config.text->heads);
  return config;
}

ClipConfig ClipConfig::from_tensors(const NamedTensors& tensors, nn::Activation activation,
                                    const std::string& where) {
  const std::string text = tensors.contains("text.token_embedding.weight") ? "text." : "";
  const auto& patch = need(tensors, "visual.conv1.weight", 4, where);
  const auto& grid = need(tensors, "visual.positional_embedding", 2, where);
  const auto& tokens = need(tensors, text + "token_embedding.weight", 2, where);
  const auto& positions = need(tensors, text + "positional_embedding", 2, where);
  const auto& text_up = need(tensors, text + "transformer.resblocks.0.mlp.c_fc.weight", 2, where);
  const auto& vision_up = need(tensors, "visual.transformer.resblocks.0.mlp.c_fc.weight", 2, where);
  const auto side =
      static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(grid.size(0) - 1))));
  ClipConfig config;
  config.vision = {.width = patch.size(0),
                   .layers = layers_of(tensors, "visual.transformer."),
                   .heads = patch.size(0) / kHeadWidth,
                   .hidden = vision_up.size(0),
                   .channels = patch.size(1),
                   .patch = patch.size(3),
                   .grid = {side, side},
                   .activation = activation,
                   .epsilon = 1e-5,
                   .projection = need(tensors, "visual.proj", 2, where).size(1)};
  config.text = {.width = tokens.size(1),
                 .layers = layers_of(tensors, text + "transformer."),
                 .heads = tokens.size(1) / kHeadWidth,
                 .hidden = text_up.size(0),
                 .vocabulary = tokens.size(0),
                 .positions = positions.size(0),
                 .activation = activation,
                 .epsilon = 1e-5,
                 .end_id = 2,  // the largest id, as OpenAI's code takes it
                 .projection = need(tensors, text + "text_projection", 2, where).size(1)};
  return config;
}

json ClipConfig::to_json() const {
  if (vision && text) {
    return {{"architectures", {"CLIPModel"}},
            {"model_type", "clip"},
            {"projection_dim", text->projection},
            {"vision_config", vision_json(*vision)},
            {"text_config", text_json(*text)}};
  }
  json tower = vision ? vision_json(*vision) : text_json(*text);
  const bool projected = tower["projection_dim"] != 0;
  tower["architectures"] = {std::string(vision ? "CLIPVisionModel" : "CLIPTextModel") +
                            (projected ? "WithProjection" : "")};
  if (!projected) tower.erase("projection_dim");
  return tower;
}

}  // namespace relata::models
