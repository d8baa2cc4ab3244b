#include "relata/nn/attention.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "relata/base/error.h"
#include "support/tensors.h"

namespace relata::nn {
namespace {

using torch::Tensor;

Tensor random(at::IntArrayRef shape) { return torch::randn(shape, torch::kFloat64); }

AttentionInputs example(int64_t heads = 4, int64_t groups = 2, int64_t queries = 5,
                        int64_t keys = 7) {
  torch::manual_seed(1);
  return {.q = random({2, heads, queries, 6}),
          .k = random({2, groups, keys, 6}),
          .v = random({2, groups, keys, 3})};
}

/// One query of one head at a time, as the equation has it.
Tensor by_hand(const AttentionInputs& in) {
  const int64_t heads = in.q.size(1);
  const int64_t share = heads / in.k.size(1);
  Tensor out = torch::zeros({in.q.size(0), heads, in.q.size(2), in.v.size(3)}, in.q.options());
  const double scale = in.scale.value_or(1 / std::sqrt(static_cast<double>(in.q.size(3))));
  for (int64_t b = 0; b < in.q.size(0); ++b) {
    for (int64_t h = 0; h < heads; ++h) {
      for (int64_t i = 0; i < in.q.size(2); ++i) {
        Tensor scores = in.k[b][h / share].mv(in.q[b][h][i]) * scale;
        for (int64_t j = 0; j < in.k.size(2); ++j) {
          if (in.bias.defined()) scores[j] += in.bias[b][h][i][j];
          bool hidden = in.key_mask.defined() && !in.key_mask[b][j].item<bool>();
          const int64_t last = i + in.k.size(2) - in.q.size(2);
          hidden |= in.causal && j > last && j >= in.always_visible;
          hidden |= in.drop_key.defined() && in.drop_key[b][h][i][j].item<bool>();
          if (hidden) scores[j] = -INFINITY;
        }
        if (scores.isinf().all().item<bool>()) scores.zero_();
        out[b][h][i] = torch::softmax(scores, 0).matmul(in.v[b][h / share]);
      }
    }
  }
  return out;
}

void expect_both_paths(const AttentionInputs& in) {
  const Tensor expected = by_hand(in);
  AttentionTrace trace;
  EXPECT_LT(test::distance(attention(in), expected), 1e-12);
  EXPECT_LT(test::distance(attention(in, &trace), expected), 1e-12);
  EXPECT_LT(test::distance(trace.probabilities.sum(-1), torch::ones_like(trace.scores.sum(-1))),
            1e-12);
}

TEST(Attention, GroupedHeads) { expect_both_paths(example()); }

TEST(Attention, AnotherScale) {
  AttentionInputs in = example();
  in.scale = 0.3;
  expect_both_paths(in);
}

TEST(Attention, KeyMask) {
  AttentionInputs in = example();
  in.key_mask = torch::ones({2, 7}, torch::kBool);
  in.key_mask[0].slice(0, 4).fill_(false);
  expect_both_paths(in);
}

TEST(Attention, CausalOrderCountsFromTheLastKey) {
  AttentionInputs in = example();
  in.causal = true;
  expect_both_paths(in);
  AttentionInputs square = example(4, 2, 7, 7);
  square.causal = true;
  expect_both_paths(square);
}

TEST(Attention, APrefixIsSeenByAll) {
  AttentionInputs in = example(2, 2, 7, 7);
  in.causal = true;
  in.always_visible = 3;
  expect_both_paths(in);
}

TEST(Attention, BiasAndMaskTogether) {
  AttentionInputs in = example();
  in.bias = random({2, 4, 5, 7});
  in.key_mask = torch::ones({2, 7}, torch::kBool);
  in.key_mask[1][2] = false;
  expect_both_paths(in);
}

TEST(Attention, ADroppedKeyIsNotSeen) {
  AttentionInputs in = example();
  in.drop_key = torch::rand({2, 4, 5, 7}) < 0.3;
  expect_both_paths(in);
}

TEST(Attention, AQueryWithoutKeysSeesAllEqually) {
  AttentionInputs in = example();
  in.drop_key = torch::zeros({2, 4, 5, 7}, torch::kBool);
  in.drop_key[1][3][2].fill_(true);
  expect_both_paths(in);
}

TEST(Attention, FusedAndTracedPathHaveTheSameGradients) {
  AttentionInputs in = example();
  in.key_mask = torch::ones({2, 7}, torch::kBool);
  in.key_mask[0][5] = false;
  in.causal = true;
  const Tensor weights = random({2, 4, 5, 3});
  std::vector<std::vector<Tensor>> gradients;
  for (const bool traced : {false, true}) {
    for (Tensor* x : {&in.q, &in.k, &in.v}) *x = x->detach().clone().requires_grad_();
    AttentionTrace trace;
    (attention(in, traced ? &trace : nullptr) * weights).sum().backward();
    gradients.push_back({in.q.grad(), in.k.grad(), in.v.grad()});
    if (traced) {
      // ∂y/∂A of the relevance rules: the gradient that reaches the probabilities.
      EXPECT_LT(test::distance(trace.probabilities.grad(),
                               torch::matmul(weights, in.v.detach().repeat_interleave(2, 1).mT())),
                1e-12);
    }
  }
  for (size_t i = 0; i < 3; ++i) EXPECT_LT(test::distance(gradients[0][i], gradients[1][i]), 1e-12);
}

TEST(Attention, ShapesThatDoNotFitAreRefused) {
  AttentionInputs in = example(4, 3);
  EXPECT_THROW(attention(in), Error);
  in = example();
  in.key_mask = torch::ones({2, 6}, torch::kBool);
  EXPECT_THROW(attention(in), Error);
  in = example(4, 2, 8, 7);
  in.causal = true;
  EXPECT_THROW(attention(in), Error);
}

TEST(KeyValueCache, GivesAllThatWasAppended) {
  torch::manual_seed(2);
  KeyValueCache cache;
  const Tensor k = random({2, 3, 150, 4});
  const Tensor v = random({2, 3, 150, 4});
  int64_t begin = 0;
  for (const int64_t tokens : {1, 70, 1, 78}) {
    const auto [keys, values] =
        cache.append(k.narrow(2, begin, tokens), v.narrow(2, begin, tokens));
    begin += tokens;
    EXPECT_TRUE(keys.equal(k.narrow(2, 0, begin)));
    EXPECT_TRUE(values.equal(v.narrow(2, 0, begin)));
  }
  cache.select(test::integers({1, 1, 0}));
  cache.truncate(10);
  EXPECT_EQ(cache.tokens(), 10);
  const Tensor rows = test::integers({1, 1, 0});
  const auto [keys, values] = cache.append(k.narrow(2, 0, 1).index_select(0, rows),
                                           v.narrow(2, 0, 1).index_select(0, rows));
  EXPECT_TRUE(keys.narrow(2, 0, 10).equal(k.narrow(2, 0, 10).index_select(0, rows)));
  EXPECT_TRUE(values.select(2, 10).equal(v.select(2, 0).index_select(0, rows)));
}

}  // namespace
}  // namespace relata::nn
