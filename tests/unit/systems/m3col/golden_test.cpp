// Golden values of the released model and losses, G1 to G17.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "unit/systems/m3col/example.h"

namespace relata::systems::m3col {
namespace {

constexpr double kTolerance = 1e-10;

double first_gradient(const std::map<std::string, Tensor>& gradients) {
  return gradients.at("encoder1.hidden.weight")[0][0].item<double>();
}

Tensor fusion_logits(const ModelConfig& config, torch::Dtype dtype) {
  Model model(config, ModelShape{{6, 6, 6}, 3});
  model->to(dtype);
  set_parameters_by_formula(*model);
  const data::Batch batch = small_batch();
  std::vector<Tensor> embeddings;
  for (size_t m = 0; m < 3; ++m) {
    embeddings.push_back(model->encode(m, batch.roles.at(kRoles[m]).values.to(dtype)));
  }
  return model->fuse(embeddings);
}

TEST(M3colGolden, FusionLogits) {  // G8
  const Tensor logits = fusion_logits({.embedding = 8, .hidden = 8}, torch::kFloat64);
  const Tensor first =
      test::doubles({0.0256529695916825, -0.0738496244008468, -0.1630065142978118});
  EXPECT_LT(test::distance(logits[0], first), kTolerance);
  EXPECT_NEAR(logits.sum().item<double>(), -1.0645468217392824, kTolerance);
}

TEST(M3colGolden, FusionLogitsInSinglePrecision) {  // G8
  const Tensor logits = fusion_logits({.embedding = 8, .hidden = 8}, torch::kFloat32);
  EXPECT_NEAR(logits.sum().item<double>(), -1.0645468217392824, 2e-5);
}

TEST(M3colGolden, ClassificationLosses) {  // G9
  Config config = small_config();
  config.contrast.enabled = Switch::kOff;
  const auto system = small_system(config);
  const train::LossParts parts = loss_parts(*system, small_batch(), {}, kSoftPhase);
  EXPECT_EQ(parts.items().size(), 4U);
  EXPECT_NEAR(parts.total().item<double>(), 4.49107587327875, kTolerance);
  EXPECT_NEAR(part_value(parts, "fusion"), 1.0794288645403, kTolerance);
}

TEST(M3colGolden, TotalWithMultiSClip) {  // G10
  const auto system = small_system();
  const Tensor loss = total_loss(*system, small_batch(), {}, kSoftPhase);
  EXPECT_NEAR(loss.item<double>(), 4.975720086819796, kTolerance);
  const auto g = gradients(*system, loss);
  EXPECT_NEAR(norm(g), 0.9515138831936164, kTolerance);
  EXPECT_NEAR(first_gradient(g), -3.854072772606503e-4, kTolerance);
}

TEST(M3colGolden, TotalWithM3CoAsReleased) {  // G11
  const auto system = small_system();
  const Tensor loss = total_loss(*system, small_batch(), small_draws(), kMixupPhase);
  EXPECT_NEAR(loss.item<double>(), 4.972237360210061, kTolerance);
  const auto g = gradients(*system, loss);
  EXPECT_NEAR(norm(g), 0.953014214159934, kTolerance);
  EXPECT_NEAR(first_gradient(g), 4.208959621063905e-3, kTolerance);
}

TEST(M3colGolden, TotalWithM3CoAndACleanFixedSide) {  // G12
  Config config = small_config();
  config.contrast.fixed_side = FixedSide::kClean;
  const auto system = small_system(config);
  const Tensor loss = total_loss(*system, small_batch(), small_draws(), kMixupPhase);
  EXPECT_NEAR(loss.item<double>(), 4.9678780849895094, kTolerance);
  const auto g = gradients(*system, loss);
  EXPECT_NEAR(norm(g), 0.961269657453778, kTolerance);
  EXPECT_NEAR(first_gradient(g), 4.8867369059522325e-3, kTolerance);
}

TEST(M3colGolden, HasThePublishedParameterCounts) {
  const auto count = [](const ModelConfig& config, const ModelShape& shape) {
    int64_t sum = 0;
    for (const Tensor& p : Model(config, shape)->parameters()) sum += p.numel();
    return sum;
  };
  EXPECT_EQ(count({}, {{200, 200, 200}, 2}), 9'618'008);
  EXPECT_EQ(count({.embedding = 768, .hidden = 768}, {{1000, 1000, 503}, 5}), 7'253'780);
  EXPECT_EQ(Model(ModelConfig{8, 8}, ModelShape{{6, 6, 6}, 3})->parameters().size(), 28U);
}

}  // namespace
}  // namespace relata::systems::m3col
