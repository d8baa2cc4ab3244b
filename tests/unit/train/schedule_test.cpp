#include <gtest/gtest.h>

#include "relata/train/config.h"

namespace relata::train {
namespace {

using Kind = ScheduleConfig::Kind;

double factor(const ScheduleConfig& c, int64_t step, int64_t epochs = 10, int64_t per_epoch = 4) {
  return schedule_factor(c, {.epoch = step / per_epoch, .epochs = epochs, .step = step}, per_epoch);
}

TEST(Schedule, ConstantStaysOne) {
  for (const int64_t step : {0, 7, 39}) EXPECT_EQ(factor({}, step), 1);
}

TEST(Schedule, StepMultipliesEverySoManyEpochs) {
  const ScheduleConfig c{.kind = Kind::kStep, .step_epochs = 3, .factor = 0.2};
  EXPECT_DOUBLE_EQ(factor(c, 0), 1);
  EXPECT_DOUBLE_EQ(factor(c, 11), 1);     // the last step of epoch 2
  EXPECT_DOUBLE_EQ(factor(c, 12), 0.2);   // the first of epoch 3
  EXPECT_DOUBLE_EQ(factor(c, 24), 0.04);  // epoch 6
}

TEST(Schedule, TheReleasedStepDoesNothingWithin500Epochs) {  // discrepancy 9
  const ScheduleConfig c{.kind = Kind::kStep, .step_epochs = 500, .factor = 0.2};
  EXPECT_EQ(factor(c, 499, 1000, 1), 1);
  EXPECT_DOUBLE_EQ(factor(c, 500, 1000, 1), 0.2);
  EXPECT_DOUBLE_EQ(factor(c, 999, 1000, 1), 0.2);
}

TEST(Schedule, CosineFallsToTheFinalFraction) {
  const ScheduleConfig c{.kind = Kind::kCosine, .final_fraction = 0.2};
  EXPECT_DOUBLE_EQ(factor(c, 0), 1);
  EXPECT_NEAR(factor(c, 20), 0.6, 1e-12);                               // half of 40 steps
  EXPECT_NEAR(factor(c, 10), 0.2 + 0.4 * (1 + std::sqrt(0.5)), 1e-12);  // a quarter
  EXPECT_NEAR(factor(c, 40), 0.2, 1e-12);
  EXPECT_NEAR(factor(c, 400), 0.2, 1e-12) << "and stays there";
}

TEST(Schedule, WarmUpIsLinearAndTheCosineBeginsAfterIt) {
  const ScheduleConfig c{.kind = Kind::kCosine, .warmup_steps = 4};
  EXPECT_DOUBLE_EQ(factor(c, 0), 0.25);
  EXPECT_DOUBLE_EQ(factor(c, 2), 0.75);
  EXPECT_DOUBLE_EQ(factor(c, 3), 1);
  EXPECT_DOUBLE_EQ(factor(c, 4), 1);
  EXPECT_NEAR(factor(c, 22), 0.5, 1e-12);  // half of the 36 steps that are left
  EXPECT_NEAR(factor(c, 40), 0, 1e-12);
  EXPECT_DOUBLE_EQ(factor({.warmup_steps = 4}, 1), 0.5);
}

}  // namespace
}  // namespace relata::train
