#include "relata/models/llama.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "relata/base/error.h"
#include "relata/io/dtype.h"
#include "relata/nn/init.h"

namespace relata::models {
namespace {

using torch::Tensor;

Tensor positions_of(const LlamaImpl::Input& input, int64_t cached, int64_t tokens) {
  if (input.positions.defined()) return input.positions;
  if (!input.mask.defined()) return torch::arange(cached, cached + tokens).unsqueeze(0);
  // Padding in front of a text does not move it: its first real token stands at 0.
  const Tensor counted = (input.mask.to(torch::kInt64).cumsum(1) - 1).clamp_min(0);
  return counted.narrow(1, cached, tokens);
}

}  // namespace

LlamaImpl::LlamaImpl(const LlamaConfig& config)
    : config_(config),
      layers_(register_module("layers", nn::Transformer(config.block(), config.layers))),
      norm_(register_module("norm", nn::Norm(config.width, config.epsilon, nn::NormKind::kRms))) {
  constexpr double kDeviation = 0.02;
  tokens_ = register_parameter(
      "tokens", nn::normal_init(torch::empty({config.vocabulary, config.width}), kDeviation));
  if (!config.tied)
    head_ = register_module("head", nn::Linear(config.width, config.vocabulary, false));
  rotary_ = nn::rotary_table(config.rotary, config.positions);
}

Tensor LlamaImpl::embed(const Tensor& ids) const { return torch::embedding(tokens_, ids); }

Tensor LlamaImpl::hidden(const Input& input, const nn::TransformerRun& run) {
  const Tensor x = input.embeds.defined() ? input.embeds : embed(input.ids);
  const int64_t tokens = x.size(1);
  const int64_t cached = run.caches != nullptr ? run.caches->front().tokens() : 0;
  if (cached + tokens > config_.positions) {
    throw Error({.what = fmt::format("a text of {} tokens, and the model has {} positions",
                                     cached + tokens, config_.positions),
                 .remedy = "truncate it"});
  }
  const Tensor positions = positions_of(input, cached, tokens);
  const auto rows = [&](const Tensor& table) {
    return table.index({positions}).unsqueeze(1).to(dtype());  // [batch or 1, 1, tokens, width]
  };
  nn::TransformerRun causal = run;
  causal.context.causal = true;
  causal.context.cos = rows(rotary_.cos);
  causal.context.sin = rows(rotary_.sin);
  if (input.mask.defined()) causal.context.key_mask = input.mask.to(torch::kBool);
  return norm_(layers_->forward(x.to(dtype()), causal));
}

Tensor LlamaImpl::logits(const Tensor& hidden) {
  if (packed_head_) return packed_head_(hidden).to(torch::kFloat32);
  const Tensor scores = head_ ? head_(hidden) : at::linear(hidden, tokens_);
  return scores.to(hidden.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32);
}

void LlamaImpl::freeze(nn::Precision precision) {
  packed_ = nn::dtype_of(precision);
  layers_->freeze(precision);
  if (head_) {
    head_->freeze(precision);
    return;
  }
  const nn::SkipInitialisation skip;
  packed_head_ = nn::Linear(config_.width, config_.vocabulary, false);
  packed_head_->weight.set_data(tokens_.detach());
  packed_head_->freeze(precision);
}

}  // namespace relata::models
