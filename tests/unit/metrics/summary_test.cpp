#include "relata/metrics/summary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "relata/base/error.h"

namespace relata::metrics {
namespace {

// 93, 94 and 95 of 106 right: a reading of the published 88.7 ± 0.94.
const std::vector<double> kRuns{93.0 / 106, 94.0 / 106, 95.0 / 106};

TEST(Summary, IsTheMeanAndTheSampleStandardDeviation) {
  EXPECT_DOUBLE_EQ(mean(kRuns), 94.0 / 106);
  EXPECT_NEAR(sample_sd(kRuns), 1.0 / 106, 1e-15);
}

TEST(Summary, IsPrintedInPercentPoints) {
  EXPECT_EQ(percent_points(kRuns), "88.7 ± 0.9");
  EXPECT_EQ(percent_points(kRuns, 2), "88.68 ± 0.94");
}

TEST(Summary, OneRunHasNoSpread) {
  const std::vector<double> one{0.802};
  EXPECT_TRUE(std::isnan(sample_sd(one)));
  EXPECT_EQ(percent_points(one), "80.2");
}

TEST(Summary, NoRunsAreAnError) {
  EXPECT_THROW(mean({}), Error);
  EXPECT_THROW(sample_sd({}), Error);
  EXPECT_THROW(percent_points({}), Error);
}

}  // namespace
}  // namespace relata::metrics
