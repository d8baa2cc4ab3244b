#include "relata/nn/attention.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "relata/base/error.h"
#include "relata/io/dtype.h"

namespace relata::nn {
namespace {

using torch::Tensor;

void check_shapes(const AttentionInputs& in) {
  const bool fits = in.q.dim() == 4 && in.k.dim() == 4 && in.v.dim() == 4 &&
                    in.k.size(0) == in.q.size(0) && in.k.size(3) == in.q.size(3) &&
                    in.v.size(0) == in.k.size(0) && in.v.size(1) == in.k.size(1) &&
                    in.v.size(2) == in.k.size(2) && in.q.size(1) % in.k.size(1) == 0 &&
                    (!in.causal || in.k.size(2) >= in.q.size(2));
  const bool mask_fits =
      !in.key_mask.defined() || (in.key_mask.dim() == 2 && in.key_mask.size(0) == in.q.size(0) &&
                                 in.key_mask.size(1) == in.k.size(2));
  if (fits && mask_fits) return;
  const auto text = [](const Tensor& x) {
    return x.defined() ? io::shape_text(x.sizes().vec()) : std::string("none");
  };
  throw Error({.what = fmt::format("attention of queries {}, keys {}, values {}, key mask {}",
                                   text(in.q), text(in.k), text(in.v), text(in.key_mask))});
}

/// True where a query may see a key; undefined if it may see all. Broadcasts to the scores.
Tensor visible(const AttentionInputs& in) {
  Tensor mask;
  const auto also = [&](const Tensor& other) { mask = mask.defined() ? mask & other : other; };
  if (in.key_mask.defined()) also(in.key_mask.unsqueeze(1).unsqueeze(1));
  if (in.drop_key.defined()) also(in.drop_key.logical_not());
  const int64_t queries = in.q.size(2);
  const int64_t keys = in.k.size(2);
  if (in.causal && queries > 1) {
    const Tensor key = torch::arange(keys, in.q.device());
    const Tensor last = torch::arange(keys - queries, keys, in.q.device()).unsqueeze(1);
    Tensor order = key <= last;
    if (in.always_visible > 0) order = order | (key < in.always_visible);
    also(order.unsqueeze(0).unsqueeze(0));
  }
  return mask;
}

/// What is added to the scaled scores: the bias, and the lowest number where a key is hidden, which
/// absorbs any score. Undefined if there is nothing to add.
Tensor additive(const AttentionInputs& in, const Tensor& mask) {
  if (!mask.defined()) return in.bias;
  const auto options = in.q.options().requires_grad(false);
  const double lowest =
      at::isReducedFloatingType(in.q.scalar_type()) ? -3e38 : std::numeric_limits<float>::lowest();
  if (in.bias.defined()) return torch::where(mask, in.bias, torch::scalar_tensor(lowest, options));
  return torch::zeros(mask.sizes(), options).masked_fill_(mask.logical_not(), lowest);
}

Tensor repeat_groups(const Tensor& x, int64_t heads) {
  return x.size(1) == heads ? x : x.repeat_interleave(heads / x.size(1), 1);
}

Tensor traced(const AttentionInputs& in, const Tensor& added, AttentionTrace& trace) {
  const int64_t heads = in.q.size(1);
  const double scale = in.scale.value_or(1 / std::sqrt(static_cast<double>(in.q.size(3))));
  Tensor scores = torch::matmul(in.q, repeat_groups(in.k, heads).transpose(2, 3)) * scale;
  if (added.defined()) scores = scores + added;
  trace.scores = scores;
  trace.probabilities = torch::softmax(scores, -1);
  if (trace.probabilities.requires_grad()) trace.probabilities.retain_grad();
  const Tensor kept = torch::dropout(trace.probabilities, in.dropout, in.dropout > 0);
  return torch::matmul(kept, repeat_groups(in.v, heads));
}

Tensor fused(const AttentionInputs& in, const Tensor& added) {
  const bool grouped = in.k.size(1) != in.q.size(1);
  const auto mask = added.defined() ? std::optional(added) : std::nullopt;
  return at::scaled_dot_product_attention(in.q, in.k, in.v, mask, in.dropout, false, in.scale,
                                          grouped);
}

/// libtorch's own causal order counts from the first key, ours from the last.
bool purely_causal(const AttentionInputs& in) {
  return in.causal && in.q.size(2) == in.k.size(2) && in.always_visible == 0 &&
         !in.key_mask.defined() && !in.drop_key.defined() && !in.bias.defined();
}

Tensor grown(const Tensor& old, const Tensor& like, int64_t tokens, int64_t room) {
  auto shape = like.sizes().vec();
  shape[2] = room;
  Tensor larger = torch::empty(shape, like.options());
  if (tokens > 0) larger.narrow(2, 0, tokens).copy_(old.narrow(2, 0, tokens));
  return larger;
}

}  // namespace

Tensor attention(const AttentionInputs& inputs, AttentionTrace* trace) {
  check_shapes(inputs);
  if (trace == nullptr && purely_causal(inputs)) {
    const bool grouped = inputs.k.size(1) != inputs.q.size(1);
    return at::scaled_dot_product_attention(inputs.q, inputs.k, inputs.v, std::nullopt,
                                            inputs.dropout, true, inputs.scale, grouped);
  }
  const Tensor added = additive(inputs, visible(inputs));
  return trace == nullptr ? fused(inputs, added) : traced(inputs, added, *trace);
}

Tensor split_heads(const Tensor& x, int64_t heads) {
  return x.unflatten(2, {heads, -1}).transpose(1, 2);
}

Tensor merge_heads(const Tensor& x) { return x.transpose(1, 2).flatten(2); }

std::pair<Tensor, Tensor> KeyValueCache::append(const Tensor& k, const Tensor& v) {
  const int64_t needed = tokens_ + k.size(2);
  if (!keys_.defined() || keys_.size(2) < needed) {
    constexpr int64_t kLeastRoom = 64;
    const int64_t room = std::max({needed, 2 * tokens_, kLeastRoom});
    keys_ = grown(keys_, k, tokens_, room);
    values_ = grown(values_, v, tokens_, room);
  }
  keys_.narrow(2, tokens_, k.size(2)).copy_(k);
  values_.narrow(2, tokens_, v.size(2)).copy_(v);
  tokens_ = needed;
  return {keys_.narrow(2, 0, tokens_), values_.narrow(2, 0, tokens_)};
}

void KeyValueCache::select(const Tensor& rows) {
  if (!keys_.defined()) return;
  keys_ = keys_.index_select(0, rows);
  values_ = values_.index_select(0, rows);
}

void KeyValueCache::truncate(int64_t tokens) { tokens_ = std::min(tokens, tokens_); }

}  // namespace relata::nn
