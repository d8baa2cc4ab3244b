#include "relata/models/vit.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <nlohmann/json.hpp>

#include "relata/base/error.h"
#include "relata/models/block_names.h"
#include "relata/nn/init.h"

namespace relata::models {
namespace {

using torch::Tensor;

std::vector<std::string> read_classes(const ConfigReader& reader) {
  const ConfigReader names = reader.object("id2label");
  std::vector<std::string> classes;
  for (size_t i = 0; names.has(std::to_string(i)); ++i)
    classes.push_back(names.text(std::to_string(i), ""));
  return classes;
}

void add_ends(std::vector<TensorRule>& rules, const VitConfig& config, const std::string& patch,
              const std::string& class_token, const std::string& positions,
              const std::string& norm) {
  const int64_t tokens = 1 + config.grid.rows * config.grid.columns;
  rules.push_back({.ours = "patch.weight",
                   .theirs = {patch + ".weight"},
                   .shape = {config.width, config.channels, config.patch, config.patch}});
  rules.push_back({.ours = "patch.bias", .theirs = {patch + ".bias"}});
  rules.push_back({.ours = "class_token", .theirs = {class_token}, .shape = {1, 1, config.width}});
  rules.push_back({.ours = "positions", .theirs = {positions}, .shape = {1, tokens, config.width}});
  add_layer(rules, "norm", norm);
}

TensorTable huggingface(const VitConfig& config) {
  TensorTable table{
      .naming = "Hugging Face", .rules = {}, .prefixes = {"", "vit.", "module."}, .ignored = {}};
  add_ends(table.rules, config, "embeddings.patch_embeddings.projection", "embeddings.cls_token",
           "embeddings.position_embeddings", "layernorm");
  for (int64_t i = 0; i < config.layers; ++i) {
    const std::string layer = fmt::format("encoder.layer.{}.", i);
    const std::string self = layer + "attention.attention.";
    add_block(table.rules, fmt::format("layers.{}", i),
              {.qkv = {self + "query", self + "key", self + "value"},
               .out = layer + "attention.output.dense",
               .norm1 = layer + "layernorm_before",
               .norm2 = layer + "layernorm_after",
               .up = {layer + "intermediate.dense"},
               .down = layer + "output.dense"},
              config.block());
  }
  if (config.pooler) add_layer(table.rules, "pooler", "pooler.dense");
  if (!config.classes.empty()) add_layer(table.rules, "classifier", "classifier");
  if (!config.pooler) table.ignored.emplace_back("pooler.*");
  if (config.classes.empty()) table.ignored.emplace_back("classifier.*");
  return table;
}

TensorTable timm(const VitConfig& config) {
  TensorTable table{.naming = "timm", .rules = {}, .prefixes = {"", "module."}, .ignored = {}};
  add_ends(table.rules, config, "patch_embed.proj", "cls_token", "pos_embed", "norm");
  for (int64_t i = 0; i < config.layers; ++i) {
    const std::string layer = fmt::format("blocks.{}.", i);
    add_block(table.rules, fmt::format("layers.{}", i),
              {.qkv = {layer + "attn.qkv"},
               .out = layer + "attn.proj",
               .norm1 = layer + "norm1",
               .norm2 = layer + "norm2",
               .up = {layer + "mlp.fc1"},
               .down = layer + "mlp.fc2"},
              config.block());
  }
  if (!config.classes.empty()) add_layer(table.rules, "classifier", "head");
  if (config.classes.empty()) table.ignored.emplace_back("head.*");
  return table;
}

}  // namespace

VitConfig VitConfig::from_json(const ConfigReader& reader, bool with_classifier) {
  VitConfig config;
  config.width = reader.size("hidden_size", 768);
  config.layers = reader.size("num_hidden_layers", 12);
  config.heads = reader.size("num_attention_heads", 12);
  config.hidden = reader.size("intermediate_size", 3072);
  config.channels = reader.size("num_channels", 3);
  config.patch = reader.size("patch_size", 16);
  const int64_t side = reader.size("image_size", 224) / config.patch;
  config.grid = {side, side};
  config.activation = reader.activation("hidden_act", "gelu");
  config.epsilon = reader.number("layer_norm_eps", 1e-12);
  config.qkv_bias = reader.boolean("qkv_bias", true);
  config.dropout = reader.number("hidden_dropout_prob", 0);
  config.attention_dropout = reader.number("attention_probs_dropout_prob", 0);
  if (with_classifier) config.classes = read_classes(reader);
  if (config.width % config.heads != 0) {
    throw Error({.what = fmt::format("hidden_size {} is no multiple of num_attention_heads {}",
                                     config.width, config.heads),
                 .where = reader.where()});
  }
  return config;
}

nlohmann::json VitConfig::to_json() const {
  nlohmann::json json{
      {"architectures", {classes.empty() ? "ViTModel" : "ViTForImageClassification"}},
      {"model_type", "vit"},
      {"hidden_size", width},
      {"num_hidden_layers", layers},
      {"num_attention_heads", heads},
      {"intermediate_size", hidden},
      {"num_channels", channels},
      {"patch_size", patch},
      {"image_size", grid.rows * patch},
      {"hidden_act", nn::activation_name(activation)},
      {"layer_norm_eps", epsilon},
      {"qkv_bias", qkv_bias},
      {"hidden_dropout_prob", dropout},
      {"attention_probs_dropout_prob", attention_dropout}};
  for (size_t i = 0; i < classes.size(); ++i) {
    json["id2label"][std::to_string(i)] = classes[i];
    json["label2id"][classes[i]] = i;
  }
  return json;
}

nn::BlockOptions VitConfig::block() const {
  return {.width = width,
          .heads = heads,
          .hidden = hidden,
          .activation = activation,
          .epsilon = epsilon,
          .qkv_bias = qkv_bias,
          .dropout = dropout,
          .attention_dropout = attention_dropout};
}

VitImpl::VitImpl(const VitConfig& config)
    : config_(config),
      patch_(register_module(
          "patch", nn::Linear(config.channels * config.patch * config.patch, config.width))),
      layers_(register_module("layers", nn::Transformer(config.block(), config.layers))),
      norm_(register_module("norm", nn::Norm(config.width, config.epsilon))) {
  constexpr double kDeviation = 0.02;
  const int64_t tokens = 1 + config.grid.rows * config.grid.columns;
  class_token_ =
      register_parameter("class_token", nn::normal_init(torch::empty({config.width}), kDeviation));
  positions_ = register_parameter(
      "positions", nn::normal_init(torch::empty({tokens, config.width}), kDeviation));
  const auto classes = static_cast<int64_t>(config.classes.size());
  if (config.pooler) pooler_ = register_module("pooler", nn::Linear(config.width, config.width));
  if (classes > 0) classifier_ = register_module("classifier", nn::Linear(config.width, classes));
}

Tensor VitImpl::embedded(const Tensor& pixels) {
  check_patch_grid(pixels, config_.channels, config_.patch, config_.grid);
  const Tensor patches = patch_(cut_patches(pixels.to(dtype()), config_.patch));
  const Tensor first = class_token_.to(dtype()).expand({pixels.size(0), 1, -1});
  const Tensor x = torch::cat({first, patches}, 1) + positions_.to(dtype());
  return torch::dropout(x, config_.dropout, is_training());
}

TowerOutput VitImpl::forward(const Tensor& pixels, const nn::TransformerRun& run) {
  const Tensor last = layers_->forward(embedded(pixels), run);
  TowerOutput output{
      .tokens = norm_(last.to(positions_.scalar_type())), .pooled = {}, .embedding = {}};
  output.embedding = output.tokens.select(1, 0);
  if (pooler_) output.pooled = torch::tanh(pooler_(output.embedding));
  return output;
}

Tensor VitImpl::embed(const Tensor& pixels) {
  const nn::TokenChoice first{torch::zeros({pixels.size(0)}, torch::kInt64)};
  const Tensor token = layers_->forward(embedded(pixels), {}, &first).select(1, 0);
  return norm_(token.to(positions_.scalar_type()));
}

Tensor VitImpl::classify(const Tensor& embedding) {
  if (!classifier_) throw Error({.what = "this ViT has no classifier"});
  return classifier_(embedding);
}

void VitImpl::resize_grid(Grid grid, GridFilter filter) {
  const torch::NoGradGuard no_grad;
  positions_.set_data(resize_positions(positions_.detach(), config_.grid, grid, filter));
  config_.grid = grid;
}

void VitImpl::freeze(nn::Precision precision, bool one_token) {
  packed_ = nn::dtype_of(precision);
  patch_->freeze(precision);
  layers_->freeze(precision, one_token);
}

std::vector<TensorTable> vit_tables(const VitConfig& config) {
  return {huggingface(config), timm(config)};
}

}  // namespace relata::models
