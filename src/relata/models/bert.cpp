#include "relata/models/bert.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <array>
#include <limits>
#include <nlohmann/json.hpp>

#include "relata/base/error.h"
#include "relata/models/block_names.h"
#include "relata/models/token_ids.h"
#include "relata/nn/init.h"

namespace relata::models {
namespace {

using torch::Tensor;

constexpr double kInitialDeviation = 0.02;

Tensor table(int64_t rows, int64_t width) {
  return nn::normal_init(torch::empty({rows, width}), kInitialDeviation);
}

Tensor pool(const Tensor& tokens, const Tensor& mask, Pooling pooling) {
  if (pooling == Pooling::kFirst) return tokens.select(1, 0);
  if (!mask.defined()) return pooling == Pooling::kMax ? tokens.amax(1) : tokens.mean(1);
  const Tensor wide = mask.unsqueeze(2);
  if (pooling == Pooling::kMax)
    return tokens.masked_fill(wide.logical_not(), std::numeric_limits<float>::lowest()).amax(1);
  // A text without tokens has the vector zero.
  const Tensor count = mask.sum(1, true).clamp_min(1).to(tokens.scalar_type());
  return (tokens * wide).sum(1) / count;
}

constexpr std::array<std::pair<std::string_view, Pooling>, 3> kPoolings{
    {{"mean", Pooling::kMean}, {"first", Pooling::kFirst}, {"max", Pooling::kMax}}};

Pooling pooling_from_name(const std::string& name, const std::string& where) {
  for (const auto& [known, pooling] : kPoolings) {
    if (known == name) return pooling;
  }
  throw Error({.what = "pooling '" + name + "' is not known",
               .where = where,
               .remedy = "known are mean, first, max"});
}

std::string_view pooling_name(Pooling pooling) {
  return kPoolings.at(static_cast<size_t>(pooling)).first;
}

}  // namespace

BertConfig BertConfig::from_json(const ConfigReader& reader) {
  BertConfig config;
  const std::string type = reader.text("model_type", "bert");
  config.roberta = type != "bert";
  config.width = reader.size("hidden_size", 768);
  config.layers = reader.size("num_hidden_layers", 12);
  config.heads = reader.size("num_attention_heads", 12);
  config.hidden = reader.size("intermediate_size", 3072);
  config.vocabulary = reader.size("vocab_size", config.roberta ? 50265 : 30522);
  config.positions = reader.size("max_position_embeddings", 512);
  config.types = reader.size("type_vocab_size", 2);
  config.pad_id = reader.integer("pad_token_id", config.roberta ? 1 : 0);
  config.activation = reader.activation("hidden_act", "gelu");
  config.epsilon = reader.number("layer_norm_eps", 1e-12);
  config.dropout = reader.number("hidden_dropout_prob", 0.1);
  config.attention_dropout = reader.number("attention_probs_dropout_prob", 0.1);
  // What Hugging Face's file has no key for: see sentence_settings.
  const ConfigReader own = reader.object("relata");
  config.pooling = pooling_from_name(own.text("pooling", "mean"), own.where());
  config.normalise = own.boolean("normalise", false);
  config.most_tokens = own.integer("most_tokens", 0);
  if (reader.text("position_embedding_type", "absolute") != "absolute") {
    throw Error({.what = "position_embedding_type " + reader.text("position_embedding_type", "") +
                         " is not known",
                 .where = reader.where(),
                 .remedy = "known is absolute"});
  }
  if (config.width % config.heads != 0 || config.longest_text() < 1) {
    throw Error({.what = fmt::format("hidden_size {}, num_attention_heads {}, {} positions",
                                     config.width, config.heads, config.positions),
                 .where = reader.where()});
  }
  return config;
}

nlohmann::json BertConfig::to_json() const {
  return {{"architectures", {roberta ? "RobertaModel" : "BertModel"}},
          {"model_type", roberta ? "roberta" : "bert"},
          {"hidden_size", width},
          {"num_hidden_layers", layers},
          {"num_attention_heads", heads},
          {"intermediate_size", hidden},
          {"vocab_size", vocabulary},
          {"max_position_embeddings", positions},
          {"type_vocab_size", types},
          {"pad_token_id", pad_id},
          {"hidden_act", nn::activation_name(activation)},
          {"layer_norm_eps", epsilon},
          {"hidden_dropout_prob", dropout},
          {"attention_probs_dropout_prob", attention_dropout},
          {"relata",
           {{"pooling", pooling_name(pooling)},
            {"normalise", normalise},
            {"most_tokens", most_tokens}}}};
}

nn::BlockOptions BertConfig::block() const {
  return {.width = width,
          .heads = heads,
          .hidden = hidden,
          .activation = activation,
          .epsilon = epsilon,
          .pre_norm = false,
          .dropout = dropout,
          .attention_dropout = attention_dropout};
}

BertImpl::BertImpl(const BertConfig& config)
    : config_(config),
      norm_(register_module("norm", nn::Norm(config.width, config.epsilon))),
      layers_(register_module("layers", nn::Transformer(config.block(), config.layers))) {
  words_ = register_parameter("words", table(config.vocabulary, config.width));
  positions_ = register_parameter("positions", table(config.positions, config.width));
  types_ = register_parameter("types", table(config.types, config.width));
  for (int64_t i = 0; i < config.layers; ++i) {
    nn::Block& block = layers_->block(i);
    for (nn::Linear& layer : {std::ref(block->attention->qkv), std::ref(block->attention->out),
                              std::ref(block->mlp->up), std::ref(block->mlp->down)}) {
      nn::normal_init(layer->weight, kInitialDeviation);
      nn::normal_init(layer->bias, 0);
    }
  }
  if (config.pooler) pooler_ = register_module("pooler", nn::Linear(config.width, config.width));
}

Tensor BertImpl::embedded(const Tensor& ids, const Tensor& types) {
  Tensor position = torch::arange(ids.size(1), ids.device()).unsqueeze(0);
  if (config_.roberta) {
    const Tensor real = ids.ne(config_.pad_id).to(torch::kInt64);
    position = real.cumsum(1) * real + config_.pad_id;
  }
  const Tensor type = types.defined() ? torch::embedding(types_, types) : types_[0];
  // The vector of the padding token is not trained, nor RoBERTa's position of it: as published.
  const Tensor x = torch::embedding(words_, ids, config_.pad_id) +
                   torch::embedding(positions_, position, config_.roberta ? config_.pad_id : -1) +
                   type;
  return torch::dropout(norm_(x), config_.dropout, is_training());
}

TowerOutput BertImpl::forward(const Tensor& ids, const Tensor& mask, const Tensor& types,
                              const nn::TransformerRun& run) {
  check_token_ids(ids, config_.longest_text());
  for (const Tensor& other : {mask, types}) check_beside_ids(ids, other, "a mask or types");
  nn::TransformerRun masked = run;
  const Tensor real = mask.defined() ? mask.to(torch::kBool) : mask;
  masked.context.key_mask = real;
  const Tensor last = layers_->forward(embedded(ids, types).to(dtype()), masked);
  TowerOutput output{.tokens = last.to(words_.scalar_type()), .pooled = {}, .embedding = {}};
  if (pooler_) output.pooled = torch::tanh(pooler_(output.tokens.select(1, 0)));
  output.embedding = pool(output.tokens, real, config_.pooling);
  if (config_.normalise)
    output.embedding =
        at::div(output.embedding, output.embedding.norm(2, 1, true).clamp_min(1e-12));
  return output;
}

void BertImpl::freeze(nn::Precision precision) {
  packed_ = nn::dtype_of(precision);
  layers_->freeze(precision);
}

std::vector<TensorTable> bert_tables(const BertConfig& config) {
  TensorTable table{
      .naming = "Hugging Face",
      .rules = {{.ours = "words", .theirs = {"embeddings.word_embeddings.weight"}},
                {.ours = "positions", .theirs = {"embeddings.position_embeddings.weight"}},
                {.ours = "types", .theirs = {"embeddings.token_type_embeddings.weight"}}},
      .prefixes = {"", "bert.", "roberta.", "module."},
      .ignored = {"*position_ids", "*token_type_ids", "cls.*", "lm_head.*", "classifier.*",
                  "qa_outputs.*"},
      .endings = {{"LayerNorm.gamma", "LayerNorm.weight"}, {"LayerNorm.beta", "LayerNorm.bias"}}};
  add_layer(table.rules, "norm", "embeddings.LayerNorm");
  for (int64_t i = 0; i < config.layers; ++i) {
    const std::string layer = fmt::format("encoder.layer.{}.", i);
    const std::string self = layer + "attention.self.";
    add_block(table.rules, fmt::format("layers.{}", i),
              {.qkv = {self + "query", self + "key", self + "value"},
               .out = layer + "attention.output.dense",
               .norm1 = layer + "attention.output.LayerNorm",
               .norm2 = layer + "output.LayerNorm",
               .up = {layer + "intermediate.dense"},
               .down = layer + "output.dense"},
              config.block());
  }
  if (config.pooler) {
    add_layer(table.rules, "pooler", "pooler.dense");
  } else {
    table.ignored.emplace_back("pooler.*");
  }
  return {table};
}

}  // namespace relata::models
