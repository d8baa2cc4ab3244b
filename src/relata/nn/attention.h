// Scaled dot-product attention, general from the start: grouped heads, an additive bias, masked and
// dropped keys, causal order behind a cache. A fused path for use, and a traced path that keeps the
// probabilities for explanations; both give the same values and gradients.
#pragma once

#include <torch/types.h>

#include <optional>

namespace relata::nn {

struct AttentionInputs {
  torch::Tensor q;  ///< [batch, heads, queries, head width]
  /// [batch, groups, keys, head width]; heads is a multiple of groups, and head h reads group
  /// h / (heads / groups).
  torch::Tensor k;
  torch::Tensor v;                   ///< as k
  torch::Tensor bias = {};           ///< broadcasts to [batch, heads, queries, keys]; added to the
                                     ///< scaled scores, e.g. relative positions
  torch::Tensor key_mask = {};       ///< [batch, keys] bool; false: a key that nobody may see
  bool causal = false;               ///< query i of the last `queries` positions sees keys up to
                                     ///< its own position: i + keys − queries
  int64_t always_visible = 0;        ///< causal: the first so many keys are a prefix that all see
  torch::Tensor drop_key = {};       ///< broadcasts to [batch, heads, queries, keys] bool; true: a
                                     ///< key dropped in training (DropKey, CVPR 2023)
  std::optional<double> scale = {};  ///< of the scores; 1/√(head width) unless given
  double dropout = 0;                ///< of the probabilities, drawn from torch's CPU generator
};

/// What the traced path keeps: [batch, heads, queries, keys]. Probabilities retain their gradient
/// where there is one.
struct AttentionTrace {
  torch::Tensor scores;  ///< after bias and masks, before the softmax
  torch::Tensor probabilities;
};

/// [batch, heads, queries, head width]. A query that may see no key at all sees all keys equally,
/// as with the additive masks of the published implementations. Throws Error for shapes that do not
/// fit together.
torch::Tensor attention(const AttentionInputs& inputs, AttentionTrace* trace = nullptr);

/// [batch, tokens, heads · head width] → [batch, heads, tokens, head width], and back.
torch::Tensor split_heads(const torch::Tensor& x, int64_t heads);
torch::Tensor merge_heads(const torch::Tensor& x);

/// Keys and values of the tokens seen so far, of one layer. Room is doubled when it is used up, so
/// appending a token costs its own size.
class KeyValueCache {
 public:
  /// Appends k and v [batch, groups, tokens, head width] and gives all so far.
  std::pair<torch::Tensor, torch::Tensor> append(const torch::Tensor& k, const torch::Tensor& v);
  int64_t tokens() const { return tokens_; }
  /// Keeps the rows of the batch that `rows` [batch'] int64 names: beams that go on.
  void select(const torch::Tensor& rows);
  /// Forgets all but the first `tokens`.
  void truncate(int64_t tokens);

 private:
  torch::Tensor keys_;  ///< [batch, groups, room, head width]
  torch::Tensor values_;
  int64_t tokens_ = 0;
};

}  // namespace relata::nn
