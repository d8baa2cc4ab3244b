#include "relata/nn/block.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "relata/nn/rotary.h"
#include "relata/nn/transformer.h"
#include "support/tensors.h"

namespace relata::nn {
namespace {

using torch::Tensor;

std::vector<BlockOptions> kinds() {
  return {{.width = 12, .heads = 3, .hidden = 20, .activation = Activation::kQuickGelu},
          {.width = 12, .heads = 2, .hidden = 20, .pre_norm = false},
          {.width = 12,
           .heads = 4,
           .groups = 2,
           .head_width = 6,
           .hidden = 10,
           .activation = Activation::kSilu,
           .gated = true,
           .norm = NormKind::kRms,
           .qkv_bias = false,
           .out_bias = false,
           .mlp_bias = false}};
}

TEST(Transformer, AChosenTokenIsComputedAlone) {
  for (const BlockOptions& options : kinds()) {
    torch::manual_seed(1);
    Transformer layers(options, 2);
    const Tensor x = torch::randn({3, 5, 12});
    for (const bool causal : {false, true}) {
      TransformerRun run;
      run.context.causal = causal;
      run.context.key_mask = torch::ones({3, 5}, torch::kBool);
      run.context.key_mask[1][4] = false;
      const TokenChoice chosen{test::integers({0, 2, 4})};
      const Tensor expected = chosen.of(layers->forward(x, run));
      EXPECT_LT(test::distance(layers->forward(x, run, &chosen), expected), 1e-6);
    }
  }
}

TEST(Transformer, FrozenLayersGiveTheSame) {
  for (const BlockOptions& options : kinds()) {
    for (const bool one_token : {false, true}) {
      torch::manual_seed(2);
      Transformer layers(options, 2);
      layers->eval();
      const torch::NoGradGuard no_grad;
      const Tensor x = torch::randn({3, 5, 12});
      const TokenChoice chosen{test::integers({1, 0, 4})};
      const TokenChoice* wanted = one_token ? &chosen : nullptr;
      const Tensor expected = layers->forward(x, {}, wanted);
      layers->freeze(Precision::kFp32, one_token);
      EXPECT_LT(test::distance(layers->forward(x, {}, wanted), expected), 1e-5);
    }
  }
}

TEST(Transformer, CachedTokensGiveTheSame) {
  for (const BlockOptions& options : kinds()) {
    torch::manual_seed(3);
    Transformer layers(options, 2);
    const torch::NoGradGuard no_grad;
    const Tensor x = torch::randn({2, 7, 12});
    TransformerRun run;
    run.context.causal = true;
    const Tensor expected = layers->forward(x, run);
    LayerCaches caches(2);
    run.caches = &caches;
    std::vector<Tensor> parts;
    int64_t begin = 0;
    for (const int64_t tokens : {3, 1, 3}) {
      parts.push_back(layers->forward(x.narrow(1, begin, tokens), run));
      begin += tokens;
    }
    EXPECT_LT(test::distance(torch::cat(parts, 1), expected), 1e-6);
  }
}

TEST(Transformer, APrefixStandsInFrontOfAllTokens) {
  torch::manual_seed(4);
  const BlockOptions options = kinds().front();
  Block block(options);
  const Tensor x = torch::randn({2, 4, 12});
  BlockContext context{.causal = true,
                       .prefix_k = torch::randn({2, 3, 2, 4}),
                       .prefix_v = torch::randn({2, 3, 2, 4})};
  AttentionTrace trace;
  context.trace = &trace;
  block->forward(x, context);
  EXPECT_EQ(trace.probabilities.size(3), 6);
  const Tensor first = trace.probabilities.select(2, 0);  // sees the prefix and itself
  EXPECT_GT(first.narrow(2, 0, 3).min().item<double>(), 0);
  EXPECT_EQ(first.narrow(2, 3, 3).abs().max().item<double>(), 0);
}

TEST(Transformer, KeepsTheInputsOfItsLayersAndTheirTraces) {
  torch::manual_seed(5);
  Transformer layers(kinds().front(), 3);
  std::vector<Tensor> hidden;
  std::vector<AttentionTrace> traces;
  TransformerRun run;
  run.hidden = &hidden;
  run.traces = &traces;
  const Tensor x = torch::randn({1, 4, 12});
  layers->forward(x, run);
  ASSERT_EQ(hidden.size(), 3);
  ASSERT_EQ(traces.size(), 3);
  EXPECT_TRUE(hidden[0].equal(x));
  run = {};
  run.layers = 2;
  EXPECT_LT(test::distance(layers->forward(x, run), hidden[2]), 1e-6);
}

TEST(Rotary, TurnsPairsByTheirPosition) {
  const RotaryTable table = rotary_table({.width = 4, .theta = 100}, 3);
  const Tensor x = test::doubles({1, 2, 3, 4}).view({1, 1, 1, 4});
  const Tensor turned =
      rotate(x, table.cos[2].to(torch::kFloat64), table.sin[2].to(torch::kFloat64));
  // Angles 2 · 100^0 and 2 · 100^(−1/2) for the pairs (1, 3) and (2, 4).
  const double c = std::cos(2.0);
  const double s = std::sin(2.0);
  const double c2 = std::cos(0.2);
  const double s2 = std::sin(0.2);
  const Tensor expected =
      test::doubles({1 * c - 3 * s, 2 * c2 - 4 * s2, 3 * c + 1 * s, 4 * c2 + 2 * s2});
  EXPECT_LT(test::distance(turned.flatten(), expected), 1e-6);
}

}  // namespace
}  // namespace relata::nn
