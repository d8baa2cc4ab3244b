// A transformer block of any published kind: pre-norm or post-norm, LayerNorm or RMSNorm, plain or
// gated feed-forward, grouped heads, rotary positions.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cstdint>

#include "relata/nn/attention.h"
#include "relata/nn/linear.h"
#include "relata/nn/norm.h"

namespace relata::nn {

struct BlockOptions {
  int64_t width = 0;
  int64_t heads = 1;
  int64_t groups = 0;      ///< heads of keys and values; 0: as many as `heads`
  int64_t head_width = 0;  ///< 0: width / heads
  int64_t hidden = 0;      ///< width of the feed-forward
  Activation activation = Activation::kGelu;
  bool gated = false;  ///< down(activation(gate x) · up x), Shazeer, "GLU variants", 2020
  NormKind norm = NormKind::kLayer;
  double epsilon = 1e-5;
  bool pre_norm = true;  ///< x + f(norm x); else norm(x + f x)
  bool qkv_bias = true;
  bool out_bias = true;
  bool mlp_bias = true;
  double dropout = 0;            ///< of both branches, in training mode
  double attention_dropout = 0;  ///< of the probabilities, in training mode

  int64_t resolved_groups() const { return groups > 0 ? groups : heads; }
  int64_t resolved_head_width() const { return head_width > 0 ? head_width : width / heads; }
};

/// What attention is told besides the tokens; see AttentionInputs.
struct BlockContext {
  torch::Tensor key_mask = {};  ///< [batch, keys], prefix and cached keys included
  torch::Tensor bias = {};
  torch::Tensor drop_key = {};
  bool causal = false;
  torch::Tensor cos = {};  ///< rotary: [tokens, head width] or [batch, 1, tokens, head width]
  torch::Tensor sin = {};
  torch::Tensor prefix_k =
      {};  ///< [batch, groups, prefix, head width]: keys that precede all tokens
  torch::Tensor prefix_v = {};
  KeyValueCache* cache = nullptr;
  AttentionTrace* trace = nullptr;
};

/// The token of each row whose output is wanted; the others' is not computed.
struct TokenChoice {
  torch::Tensor index;  ///< [batch] int64
  /// x [batch, tokens, width] → [batch, 1, width]
  torch::Tensor of(const torch::Tensor& x) const;
};

class SelfAttentionImpl : public torch::nn::Module {
 public:
  explicit SelfAttentionImpl(const BlockOptions& options);
  /// x [batch, tokens, width] → residual + out(attention(x)); residual as x. With `chosen`, both
  /// residual and result are [batch, 1, width].
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& residual,
                        const BlockContext& context, const TokenChoice* chosen = nullptr);
  /// `one_token`: the layer will be asked for chosen tokens only.
  void freeze(Precision precision, bool one_token, Use use = Use::kBatches);

  Linear qkv{nullptr};  ///< rows: heads of q, groups of k, groups of v
  Linear out{nullptr};

 private:
  torch::Tensor branch(const torch::Tensor& x, const BlockContext& context,
                       const TokenChoice* chosen);
  /// q [batch, queries, …] and k, v [batch, tokens, …], side by side in the last axis.
  std::pair<torch::Tensor, torch::Tensor> projections(const torch::Tensor& x,
                                                      const TokenChoice* chosen);

  BlockOptions options_;
  int64_t q_rows_;
  int64_t kv_rows_;
  Linear q_{nullptr};  ///< frozen for one token: the rows of `qkv`, apart
  Linear kv_{nullptr};
};
TORCH_MODULE(SelfAttention);

class FeedForwardImpl : public torch::nn::Module {
 public:
  explicit FeedForwardImpl(const BlockOptions& options);
  /// x [..., width] → residual + down(activation(up x))
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& residual);
  void freeze(Precision precision, Use use = Use::kBatches);

  Linear up{nullptr};  ///< gated: rows of the gate, then of the values
  Linear down{nullptr};

 private:
  torch::Tensor inner(const torch::Tensor& x);

  BlockOptions options_;
};
TORCH_MODULE(FeedForward);

class BlockImpl : public torch::nn::Module {
 public:
  explicit BlockImpl(const BlockOptions& options);
  /// [batch, tokens, width] → the same, or [batch, 1, width] with `chosen`.
  torch::Tensor forward(const torch::Tensor& x, const BlockContext& context = {},
                        const TokenChoice* chosen = nullptr);
  void freeze(Precision precision, bool one_token = false, Use use = Use::kBatches);

  SelfAttention attention{nullptr};
  FeedForward mlp{nullptr};
  Norm norm1{nullptr};
  Norm norm2{nullptr};

 private:
  bool pre_norm_;
};
TORCH_MODULE(Block);

}  // namespace relata::nn
