// The first steps on the real ROSMAP data that the repository carries.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "relata/systems/m3col/import.h"
#include "relata/train/optimizer.h"
#include "relata/train/step.h"
#include "support/repository.h"
#include "unit/systems/m3col/omics.h"

namespace relata::systems::m3col {
namespace {

using torch::Tensor;

const std::vector<std::string> kViews{"mrna", "methylation", "mirna"};

class Rosmap : public testing::Test {
 protected:
  void SetUp() override {
    import_mogonet({.folder = test::repository() / "data/rosmap"}, scratch / "rosmap");
    dataset = data::Dataset::open(scratch / "rosmap");
  }

  std::vector<double> first_losses(Switch contrast) const {
    Config config;
    config.roles = kViews;
    config.contrast.enabled = contrast;
    const auto system = fitted(config, *dataset);  // seed 0
    const std::vector<data::Batch> batch{collate_all(*system, dataset->split("train"))};
    train::Optimizer optimizer(
        {.kind = train::OptimizerConfig::Kind::kAdam, .lr = 2e-3, .weight_decay = 1e-4},
        system->parameter_groups());
    std::vector<double> losses;
    for (int64_t step = 0; step < 4; ++step) {
      optimizer.clear_gradients();
      const train::Progress progress{.epoch = step, .epochs = 500, .step = step};
      losses.push_back(train::accumulate_gradient(*system, batch, progress, {}).total);
      optimizer.step(1);
    }
    return losses;
  }

  test::Scratch scratch;
  std::shared_ptr<const data::Dataset> dataset;
};

void expect_losses(const std::vector<double>& losses, const std::vector<double>& expected) {
  EXPECT_NEAR(losses[0], expected[0], 1e-4 * expected[0]);
  for (size_t i = 1; i < 4; ++i) EXPECT_NEAR(losses[i], expected[i], 0.02 * expected[i]);
}

TEST_F(Rosmap, IsScaledAsReleased) {  // in float32 here
  Config config;
  config.roles = kViews;
  const auto system = fitted(config, *dataset);
  const std::vector<double> train{22765.82571770, 23950.87708494, 27985.83028201};
  const std::vector<double> test{9938.69189471, 10390.90756527, 12135.85823349};
  for (size_t m = 0; m < 3; ++m) {
    const auto sum = [&](const char* split) {
      const Tensor x = collate_all(*system, dataset->split(split)).roles[kViews[m]].values;
      return x.to(torch::kFloat64).sum().item<double>();
    };
    EXPECT_NEAR(sum("train"), train[m], 1e-4);
    EXPECT_NEAR(sum("test"), test[m], 1e-4);
  }
  const Tensor x = collate_all(*system, dataset->split("train")).roles["mrna"].values[0];
  EXPECT_NEAR(x[0].item<double>(), 0.85010014, 1e-7);
  EXPECT_NEAR(x[1].item<double>(), 0.53090857, 1e-7);
  EXPECT_NEAR(x[2].item<double>(), 0.40184844, 1e-7);
}

TEST_F(Rosmap, FirstLossesAreThoseOfTheReleasedCodeWithoutContrast) {  // G15
  expect_losses(first_losses(Switch::kOff), {2.79939, 24.1734, 15.3528, 2.7796});
}

TEST_F(Rosmap, FirstLossesAreThoseOfTheReleasedCodeWithContrast) {  // G15
  expect_losses(first_losses(Switch::kOn), {4.43985, 25.8730, 16.9522, 4.4396});
}

}  // namespace
}  // namespace relata::systems::m3col
