#include "relata/nn/block.h"

#include <torch/torch.h>

#include "relata/nn/rotary.h"

namespace relata::nn {
namespace {

using torch::Tensor;

/// residual + dropout(linear(x)), in one pass where nothing is dropped.
Tensor add_branch(Linear& linear, const Tensor& x, const Tensor& residual, double dropout) {
  if (dropout == 0 || !linear->is_training()) return linear->forward_add(x, residual);
  return residual + torch::dropout(linear(x), dropout, true);
}

/// A layer with some rows of another one's weights.
Linear rows_of(const Linear& linear, int64_t begin, int64_t rows) {
  Linear part(linear->in(), rows, linear->bias.defined());
  const torch::NoGradGuard no_grad;
  part->weight.set_data(linear->weight.narrow(0, begin, rows));
  if (linear->bias.defined()) part->bias.set_data(linear->bias.narrow(0, begin, rows));
  return part;
}

}  // namespace

Tensor TokenChoice::of(const Tensor& x) const {
  const Tensor wide = index.view({-1, 1, 1}).expand({-1, 1, x.size(2)});
  return x.gather(1, wide);
}

SelfAttentionImpl::SelfAttentionImpl(const BlockOptions& options)
    : options_(options),
      q_rows_(options.heads * options.resolved_head_width()),
      kv_rows_(options.resolved_groups() * options.resolved_head_width()) {
  qkv = register_module("qkv", Linear(options.width, q_rows_ + 2 * kv_rows_, options.qkv_bias));
  out = register_module("out", Linear(q_rows_, options.width, options.out_bias));
}

std::pair<Tensor, Tensor> SelfAttentionImpl::projections(const Tensor& x,
                                                         const TokenChoice* chosen) {
  if (q_) return {q_(chosen->of(x)), kv_(x)};
  const Tensor all = qkv(x);
  const Tensor q = all.narrow(2, 0, q_rows_);
  return {chosen == nullptr ? q : chosen->of(q), all.narrow(2, q_rows_, 2 * kv_rows_)};
}

Tensor SelfAttentionImpl::branch(const Tensor& x, const BlockContext& context,
                                 const TokenChoice* chosen) {
  const auto [q_flat, kv] = projections(x, chosen);
  Tensor q = split_heads(q_flat, options_.heads);
  Tensor k = split_heads(kv.narrow(2, 0, kv_rows_), options_.resolved_groups());
  Tensor v = split_heads(kv.narrow(2, kv_rows_, kv_rows_), options_.resolved_groups());
  if (context.cos.defined()) {
    q = rotate(q, context.cos, context.sin);
    k = rotate(k, context.cos, context.sin);
  }
  if (context.cache != nullptr) std::tie(k, v) = context.cache->append(k, v);
  int64_t prefix = 0;
  if (context.prefix_k.defined()) {
    prefix = context.prefix_k.size(2);
    k = torch::cat({context.prefix_k, k}, 2);
    v = torch::cat({context.prefix_v, v}, 2);
  }
  AttentionInputs inputs{.q = q,
                         .k = k,
                         .v = v,
                         .bias = context.bias,
                         .key_mask = context.key_mask,
                         .causal = context.causal,
                         .always_visible = prefix,
                         .drop_key = context.drop_key,
                         .scale = {},
                         .dropout = is_training() ? options_.attention_dropout : 0};
  if (chosen != nullptr && context.causal) {
    // A chosen query stands where its token stands, not last.
    const Tensor keys = torch::arange(k.size(2), k.device()) - prefix;
    const Tensor seen = keys <= chosen->index.unsqueeze(1);
    inputs.causal = false;
    inputs.key_mask = context.key_mask.defined() ? context.key_mask & seen : seen;
  }
  return merge_heads(attention(inputs, context.trace));
}

Tensor SelfAttentionImpl::forward(const Tensor& x, const Tensor& residual,
                                  const BlockContext& context, const TokenChoice* chosen) {
  return add_branch(out, branch(x, context, chosen), residual, options_.dropout);
}

void SelfAttentionImpl::freeze(Precision precision, bool one_token, Use use) {
  const LinearImpl::FreezeOptions options{.precision = precision, .use = use};
  if (one_token) {
    qkv->merge();
    q_ = rows_of(qkv, 0, q_rows_);
    kv_ = rows_of(qkv, q_rows_, 2 * kv_rows_);
    q_->freeze(options);
    kv_->freeze(options);
  } else {
    qkv->freeze(options);
  }
  out->freeze(options);
}

FeedForwardImpl::FeedForwardImpl(const BlockOptions& options) : options_(options) {
  const int64_t rows = options.gated ? 2 * options.hidden : options.hidden;
  up = register_module("up", Linear(options.width, rows, options.mlp_bias));
  down = register_module("down", Linear(options.hidden, options.width, options.mlp_bias));
}

Tensor FeedForwardImpl::inner(const Tensor& x) {
  if (options_.gated) {
    const auto halves = up(x).chunk(2, -1);
    return activate(halves[0], options_.activation) * halves[1];
  }
  // Frozen, x σ(1.702 x) is computed as SiLU(1.702 x) / 1.702, both factors packed into weights.
  const bool folded = up->frozen() && options_.activation == Activation::kQuickGelu;
  return up->forward(x, folded ? Activation::kSilu : options_.activation);
}

Tensor FeedForwardImpl::forward(const Tensor& x, const Tensor& residual) {
  return add_branch(down, inner(x), residual, options_.dropout);
}

void FeedForwardImpl::freeze(Precision precision, Use use) {
  const bool fold = !options_.gated && options_.activation == Activation::kQuickGelu;
  const double scale = fold ? kQuickGeluScale : 1;
  up->freeze({.precision = precision, .use = use, .weight_scale = scale, .bias_scale = scale});
  down->freeze({.precision = precision, .use = use, .weight_scale = 1 / scale});
}

BlockImpl::BlockImpl(const BlockOptions& options) : pre_norm_(options.pre_norm) {
  attention = register_module("attention", SelfAttention(options));
  mlp = register_module("mlp", FeedForward(options));
  norm1 = register_module("norm1", Norm(options.width, options.epsilon, options.norm));
  norm2 = register_module("norm2", Norm(options.width, options.epsilon, options.norm));
}

Tensor BlockImpl::forward(const Tensor& x, const BlockContext& context, const TokenChoice* chosen) {
  const Tensor residual = chosen == nullptr ? x : chosen->of(x);
  if (pre_norm_) {
    const Tensor h = attention->forward(norm1(x), residual, context, chosen);
    return mlp->forward(norm2(h), h);
  }
  const Tensor h = norm1(attention->forward(x, residual, context, chosen));
  return norm2(mlp->forward(h, h));
}

void BlockImpl::freeze(Precision precision, bool one_token, Use use) {
  attention->freeze(precision, one_token, use);
  mlp->freeze(precision, use);
}

}  // namespace relata::nn
