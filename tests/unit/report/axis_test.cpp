#include "relata/report/axis.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace relata::report {
namespace {

using ::testing::ElementsAre;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<std::string> labels(const Axis& axis) {
  std::vector<std::string> result;
  for (const Tick& tick : axis.ticks) result.push_back(tick.label);
  return result;
}

TEST(LinearAxis, TakesRoundStepsWithinTheRange) {
  EXPECT_THAT(labels(linear_axis({0, 1}, {})), ElementsAre("0", "0.2", "0.4", "0.6", "0.8", "1.0"));
  EXPECT_THAT(labels(linear_axis({3, 497}, {})), ElementsAre("100", "200", "300", "400"));
  EXPECT_THAT(labels(linear_axis({0.812, 0.846}, {})), ElementsAre("0.82", "0.83", "0.84"));
  EXPECT_THAT(labels(linear_axis({-2, 2}, {})), ElementsAre("−2", "−1", "0", "1", "2"));
}

TEST(LinearAxis, MovesItsEndsOutwardToTicks) {
  const Axis axis = linear_axis({0.03, 2.3}, {.to_ticks = true});
  EXPECT_THAT(labels(axis), ElementsAre("0", "0.5", "1.0", "1.5", "2.0", "2.5"));
  EXPECT_EQ(axis.range.low, 0);
  EXPECT_EQ(axis.range.high, 2.5);
}

TEST(LinearAxis, CountsInWholeNumbers) {
  EXPECT_THAT(labels(linear_axis({0, 2}, {.whole = true})), ElementsAre("0", "1", "2"));
  EXPECT_THAT(labels(linear_axis({0, 30000}, {.whole = true})),
              ElementsAre("0", "5,000", "10,000", "15,000", "20,000", "25,000", "30,000"));
}

TEST(LinearAxis, ShortensLargeAndSmallNumbers) {
  EXPECT_THAT(labels(linear_axis({0, 4e6}, {})), ElementsAre("0", "1M", "2M", "3M", "4M"));
  EXPECT_THAT(labels(linear_axis({0, 2e9}, {})), ElementsAre("0", "0.5G", "1G", "1.5G", "2G"));
  EXPECT_THAT(labels(linear_axis({0, 2e-7}, {})),
              ElementsAre("0", "5e-08", "1e-07", "1.5e-07", "2e-07"));
  EXPECT_THAT(labels(linear_axis({0, 2e20}, {})),
              ElementsAre("0", "5e+19", "1e+20", "1.5e+20", "2e+20"));
}

TEST(LinearAxis, WidensARangeWithoutWidth) {
  EXPECT_DOUBLE_EQ(linear_axis({7, 7}, {}).fraction(7), 0.5);
  EXPECT_DOUBLE_EQ(linear_axis({0, 0}, {}).fraction(0), 0.5);
  EXPECT_DOUBLE_EQ(linear_axis({-3, -3}, {}).fraction(-3), 0.5);
  EXPECT_NEAR(linear_axis({1e16, 1e16 + 2}, {}).fraction(1e16), 0.5, 1e-9);
}

TEST(LinearAxis, HasFewFiniteTicksAtAnySize) {
  for (const Range range : {Range{-1e300, 1e300}, Range{0, 1e-300}, Range{0, 5e-324},
                            Range{1, 1 + 1e-8}, Range{-1e-200, 1e250}}) {
    for (const bool to_ticks : {false, true}) {
      const Axis axis = linear_axis(range, {.to_ticks = to_ticks});
      EXPECT_LE(axis.ticks.size(), 12U) << range.high;
      EXPECT_GE(axis.ticks.size(), 2U) << range.high;
      EXPECT_TRUE(std::isfinite(axis.fraction(range.high))) << range.high;
    }
  }
}

TEST(LogAxis, TicksAtPowersOfTenOrBetween) {
  EXPECT_THAT(labels(log_axis({0.06, 2.1})),
              ElementsAre("0.05", "0.1", "0.2", "0.5", "1", "2", "5"));
  EXPECT_THAT(labels(log_axis({0.002, 300})),
              ElementsAre("0.001", "0.01", "0.1", "1", "10", "100", "1000"));
  EXPECT_THAT(labels(log_axis({1, 1})), ElementsAre("0.5", "1", "2"));
}

TEST(LogAxis, CoversItsRangeWithFewTicksAtAnySize) {
  for (const Range range : {Range{1e-300, 1e300}, Range{3e-9, 7e11}, Range{1e5, 1e6}, Range{9, 11},
                            Range{1e-300, 1e-300}}) {
    const Axis axis = log_axis(range);
    EXPECT_LE(axis.range.low, range.low);
    EXPECT_GE(axis.range.high, range.high);
    EXPECT_LE(axis.ticks.size(), 11U) << range.high;
    EXPECT_GE(axis.fraction(range.low), 0);
    EXPECT_LE(axis.fraction(range.high), 1);
  }
}

TEST(RangeOf, LooksAtDrawableValuesOnly) {
  const std::vector<double> values{kNan, 3, -kInfinity, -1, kInfinity, 1.7e308};
  const auto range = range_of(values);
  ASSERT_TRUE(range);
  EXPECT_EQ(range->low, -1);
  EXPECT_EQ(range->high, 3);
  EXPECT_FALSE(range_of(std::vector<double>{}));
  EXPECT_FALSE(range_of(std::vector<double>{kNan, kInfinity}));
}

}  // namespace
}  // namespace relata::report
