#include "relata/models/llama.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "relata/base/error.h"
#include "relata/io/dtype.h"
#include "relata/nn/init.h"

namespace relata::models {
namespace {

using torch::Tensor;

/// The mask of a text that `count` visible tokens precede.
Tensor after_ones(const Tensor& mask, int64_t count) {
  return torch::cat({mask.new_ones({mask.size(0), count}), mask}, 1);
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

struct LlamaImpl::Stretch {
  Tensor x;          ///< [batch, inserted + tokens, width]
  Tensor mask;       ///< [batch, before + inserted + tokens], or undefined
  Tensor positions;  ///< [batch or 1, inserted + tokens]
  int64_t inserted;  ///< virtual tokens at the beginning of x
  bool prefixed;     ///< the prefix precedes x, and is in no cache yet
};

LlamaImpl::Stretch LlamaImpl::stretch(const Input& input, const nn::LayerCaches* caches) const {
  Stretch all{.x = input.embeds.defined() ? input.embeds : embed(input.ids),
              .mask = input.mask.defined() ? input.mask.to(torch::kBool) : Tensor(),
              .positions = input.positions,
              .inserted = 0,
              .prefixed = false};
  const int64_t cached = caches != nullptr ? caches->front().tokens() : 0;
  const bool first = cached == 0;
  if (prompt_ && first) {
    const Tensor rows = prompt_->embedding.to(all.x.scalar_type());
    all.x = torch::cat({rows.unsqueeze(0).expand({all.x.size(0), -1, -1}), all.x}, 1);
    all.inserted = prompt_->tokens();
  }
  // A prefix has no inputs, but stands before the first token all the same.
  all.prefixed = prefix_ && first;
  const int64_t before = all.prefixed ? virtual_tokens() : cached;
  const int64_t tokens = all.x.size(1);
  if (before + tokens > config_.positions) {
    throw Error({.what = fmt::format("a text of {} tokens, and the model has {} positions",
                                     before + tokens, config_.positions),
                 .remedy = "truncate it"});
  }
  if (all.mask.defined()) all.mask = after_ones(all.mask, virtual_tokens());
  if (all.positions.defined()) {
    const Tensor virtual_positions =
        torch::arange(all.inserted).expand({all.positions.size(0), -1});
    all.positions = torch::cat({virtual_positions, all.positions}, 1);
  } else if (all.mask.defined()) {
    // Padding in front of a text does not move it: its first real token stands at 0.
    const Tensor counted = (all.mask.to(torch::kInt64).cumsum(1) - 1).clamp_min(0);
    all.positions = counted.narrow(1, before, tokens);
  } else {
    all.positions = torch::arange(before, before + tokens).unsqueeze(0);
  }
  return all;
}

Tensor LlamaImpl::hidden(const Input& input, const nn::TransformerRun& run) {
  const Stretch text = stretch(input, run.caches);
  const auto rows = [&](const Tensor& table) {
    return table.index({text.positions})
        .unsqueeze(1)
        .to(dtype());  // [batch or 1, 1, tokens, width]
  };
  nn::TransformerRun causal = run;
  causal.context.causal = true;
  causal.context.cos = rows(rotary_.cos);
  causal.context.sin = rows(rotary_.sin);
  causal.context.key_mask = text.mask;
  if (text.prefixed) {
    const Tensor all = prefix_->keys_and_values(text.x.size(0)).to(dtype());
    causal.adapt = [all, &run](int64_t layer, nn::BlockContext& context) {
      const Tensor k = all[2 * layer];
      const Tensor v = all[2 * layer + 1];
      if (context.cache != nullptr) {
        context.cache->append(k, v);
      } else {
        context.prefix_k = k;
        context.prefix_v = v;
      }
      if (run.adapt) run.adapt(layer, context);
    };
  }
  const Tensor hidden = norm_(layers_->forward(text.x.to(dtype()), causal));
  return hidden.narrow(1, text.inserted, hidden.size(1) - text.inserted);
}

void LlamaImpl::begin_virtual_tokens() {
  if (virtual_tokens() > 0) throw Error({.what = "the model has virtual tokens already"});
  nn::fix_parameters(*this);
}

nn::Prefix& LlamaImpl::add_prefix(int64_t tokens, int64_t hidden) {
  begin_virtual_tokens();
  prefix_ = register_module("prefix", nn::Prefix(nn::PrefixOptions{.tokens = tokens,
                                                                   .layers = config_.layers,
                                                                   .groups = config_.groups,
                                                                   .head_width = config_.head_width,
                                                                   .hidden = hidden}));
  return prefix_;
}

nn::Prompt& LlamaImpl::add_prompt(int64_t tokens) {
  begin_virtual_tokens();
  prompt_ = register_module("prompt", nn::Prompt(tokens, config_.width));
  return prompt_;
}

int64_t LlamaImpl::virtual_tokens() const {
  if (prefix_) return prefix_->options().tokens;
  return prompt_ ? prompt_->tokens() : 0;
}

Tensor LlamaImpl::logits(const Tensor& hidden) {
  if (packed_head_) return packed_head_(hidden).to(torch::kFloat32);
  const Tensor scores = head_ ? head_(hidden) : at::linear(hidden, tokens_);
  return scores.to(hidden.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32);
}

void LlamaImpl::freeze(nn::Precision precision) {
  const nn::LinearImpl::FreezeOptions decoding{.precision = precision, .use = nn::Use::kFewRows};
  packed_ = nn::dtype_of(precision);
  layers_->freeze(precision, /*one_token=*/false, decoding.use);
  if (head_) {
    head_->freeze(decoding);
    return;
  }
  const nn::SkipInitialisation skip;
  packed_head_ = nn::Linear(config_.width, config_.vocabulary, false);
  packed_head_->weight.set_data(tokens_.detach());
  packed_head_->freeze(decoding);
}

}  // namespace relata::models
