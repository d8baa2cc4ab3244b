#include "relata/report/plot.h"

#include <gmock/gmock.h>

#include <limits>

#include "relata/base/error.h"
#include "unit/report/markup.h"

namespace relata::report {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr const char* kAttack = "\"><script>alert('x')</script>&\x1B";

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// Of the first element that has it.
std::string attribute(const std::string& text, const std::string& name) {
  const std::size_t from = text.find(" " + name + "=\"") + name.size() + 3;
  return text.substr(from, text.find('"', from) - from);
}

/// The part after the style, and a check that the whole is sound.
std::string drawn(const Drawing& drawing) {
  const std::string& svg = drawing.svg();
  EXPECT_EQ(markup_fault(svg), "");
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  const std::string body = svg.substr(svg.find("</style>"));
  EXPECT_THAT(body, Not(HasSubstr("nan")));
  EXPECT_THAT(body, Not(HasSubstr("inf")));
  return body;
}

LineChart line(std::vector<Point> points, Scale scale = Scale::kLinear) {
  return {.title = "Loss",
          .x_title = "Epoch",
          .y_title = "Value",
          .series = {{"", std::move(points)}},
          .y_scale = scale};
}

TEST(LineChart, JoinsPointsAndNamesSeriesAndAxes) {
  LineChart chart = line({{0, 1}, {1, 2}, {2, 0}});
  chart.series[0].name = "train";
  const std::string svg = drawn(line_chart(chart));
  EXPECT_THAT(svg, AllOf(HasSubstr(">Loss<"), HasSubstr(">Epoch<"), HasSubstr(">train<")));
  EXPECT_EQ(count(svg, "<path"), 1U);
}

TEST(LineChart, LeavesGapsAndDrawsALonelyPointAsADot) {
  const std::string svg =
      drawn(line_chart(line({{0, 1}, {1, 1}, {2, kNan}, {3, 1}, {4, kInfinity}, {5, 1}, {6, 2}})));
  EXPECT_EQ(count(svg, "<path"), 2U);
  EXPECT_EQ(count(svg, "<circle"), 1U);
}

TEST(LineChart, OnALogAxisWhatIsNotPositiveIsAGap) {
  const auto chart = line({{0, 1}, {1, 10}, {2, 0}, {3, -1}, {4, 10}, {5, 100}}, Scale::kLog);
  EXPECT_EQ(count(drawn(line_chart(chart)), "<path"), 2U);
  EXPECT_THAT(line_chart(chart).svg(), HasSubstr("Points without a value to draw: 2."));
}

TEST(LineChart, SaysWhenThereIsNothing) {
  for (const Scale scale : {Scale::kLinear, Scale::kLog}) {
    EXPECT_THAT(drawn(line_chart(line({}, scale))), HasSubstr("no values"));
    EXPECT_THAT(drawn(line_chart(line({{0, kNan}, {1, kInfinity}, {kNan, 1}}, scale))),
                HasSubstr("no values"));
  }
  EXPECT_THAT(drawn(line_chart({})), HasSubstr("no values"));
}

TEST(LineChart, DrawsOnePointAndAConstant) {
  EXPECT_EQ(count(drawn(line_chart(line({{3, 0.5}}))), "<circle"), 1U);
  EXPECT_EQ(count(drawn(line_chart(line({{0, 0}, {1, 0}}))), "<path"), 1U);
  EXPECT_EQ(count(drawn(line_chart(line({{0, 7}, {1, 7}}, Scale::kLog))), "<path"), 1U);
}

TEST(LineChart, KeepsASpikeOfALongSeries) {
  std::vector<Point> points;
  for (int i = 0; i < 100000; ++i) points.push_back({static_cast<double>(i), i == 77777 ? 9. : 1.});
  LineChart chart = line(points);
  chart.series.push_back({"the spike alone", {{77777, 9}}});
  const std::string svg = drawn(line_chart(chart));
  EXPECT_LT(svg.size(), 40000U);
  const std::string at = "L" + attribute(svg, "cx") + " " + attribute(svg, "cy") + "L";
  EXPECT_THAT(svg, HasSubstr(at));
}

TEST(LineChart, KeepsALongGapOfALongSeries) {
  std::vector<Point> points;
  for (int i = 0; i < 100000; ++i) {
    points.push_back({static_cast<double>(i), i > 40000 && i < 60000 ? kNan : 1. + i % 2});
  }
  EXPECT_EQ(count(drawn(line_chart(line(points))), "<path"), 2U);
}

TEST(LineChart, PointsOutWhatIsOnTheAxisOnly) {
  LineChart chart = line({{0, 1}, {10, 2}});
  chart.markers = {{4, "selected"}, {11, "beyond"}, {kNan, "nowhere"}};
  EXPECT_THAT(drawn(line_chart(chart)),
              AllOf(HasSubstr(">selected<"), Not(HasSubstr("beyond")), Not(HasSubstr("nowhere"))));
}

TEST(LineChart, EscapesEveryText) {
  LineChart chart{.title = kAttack,
                  .x_title = kAttack,
                  .y_title = kAttack,
                  .series = {{kAttack, {{0, 1}, {1, 2}}}},
                  .markers = {{0.5, kAttack}}};
  drawn(line_chart(chart));
}

TEST(LineChart, ALegendOfManySeriesEnds) {
  LineChart chart;
  for (int i = 0; i < 40; ++i) chart.series.push_back({"part " + std::to_string(i), {{0, 1.}}});
  EXPECT_THAT(drawn(line_chart(chart)), HasSubstr(">and 24 more<"));
}

TEST(RocChart, ShowsAreasAndChance) {
  const std::string svg = drawn(roc_chart(
      {.title = "ROC",
       .curves = {{kAttack, {{0, 0}, {0, 1}, {1, 1}}, 1}, {"b", {{0, 0}, {1, 1}}, kNan}}}));
  EXPECT_THAT(svg, AllOf(HasSubstr("(AUC 1.000)"), HasSubstr(">b (no AUC)<"), HasSubstr("guide")));
  EXPECT_EQ(count(svg, "<path"), 2U);
  EXPECT_THAT(drawn(roc_chart({})), HasSubstr("no values"));
}

TEST(ConfusionMatrix, ShowsCountsAndSharesOfTheRow) {
  const std::string svg = drawn(confusion_matrix({.title = "T",
                                                  .classes = {"a", kAttack, "never"},
                                                  .counts = {{3, 1, 0}, {0, 1200, 0}, {0, 0, 0}}}));
  EXPECT_THAT(svg, AllOf(HasSubstr(">75.0 %<"), HasSubstr(">1,200<"), HasSubstr(">100 %<")));
  EXPECT_EQ(count(svg, ">–<"), 3U);
}

TEST(ConfusionMatrix, DrawsOneClassManyClassesAndNone) {
  EXPECT_EQ(count(drawn(confusion_matrix({"", {"only"}, {{5}}})), "cell right"), 1U);
  EXPECT_THAT(drawn(confusion_matrix({})), HasSubstr("no classes"));
  for (const std::size_t size : {10UL, 25UL, 60UL, 61UL}) {
    const ConfusionMatrix matrix{"", std::vector<std::string>(size, "name"),
                                 std::vector(size, std::vector<std::int64_t>(size, 1))};
    EXPECT_EQ(count(drawn(confusion_matrix(matrix)), "\"cell "), size > 60 ? 0 : size * size);
  }
}

TEST(ConfusionMatrix, RefusesCountsThatAreNotSquare) {
  EXPECT_THAT([] { confusion_matrix({"Test", {"a", "b"}, {{1, 2}, {3}}}); },
              ThrowsMessage<Error>(HasSubstr("Test: the counts are not 2 rows of 2 columns")));
}

TEST(ReliabilityDiagram, LeavesOutEmptyBins) {
  const std::string svg = drawn(reliability_diagram(
      {.title = kAttack,
       .bins = {{0, 0.5, 0, kNan, kNan}, {0.5, 1, 1500, 0.8, 0.7}, {0.2, 0.2, 3, 0.2, 0.2}},
       .calibration_error = 0.1}));
  EXPECT_THAT(svg, HasSubstr("1,503 items, expected calibration error 0.100"));
  EXPECT_EQ(count(svg, "accuracy 0.700"), 2U);
  EXPECT_EQ(count(svg, "accuracy 0.200"), 0U);
  EXPECT_THAT(drawn(reliability_diagram({})), HasSubstr("no values"));
}

TEST(IntervalChart, ShowsEstimatesIntervalsAndSeeds) {
  const std::string svg = drawn(
      interval_chart({.title = "T",
                      .x_title = "Accuracy",
                      .rows = {{kAttack, 0.87, 0.85, 0.89, {0.86, kNan, 0.88}, Emphasis::kStrong},
                               {.name = "majority", .estimate = 0.5},
                               {.name = "failed", .estimate = kNan}},
                      .markers = {{0.881, "paper"}}}));
  EXPECT_THAT(svg, AllOf(HasSubstr(">0.870 [0.850, 0.890]<"), HasSubstr(">0.500<"),
                         HasSubstr(">–<"), HasSubstr(">paper<")));
  EXPECT_EQ(count(svg, "<circle"), 4U);
  EXPECT_THAT(drawn(interval_chart({})), HasSubstr("no values"));
}

TEST(SeriesLook, RepeatsColoursWithAnotherDash) {
  EXPECT_EQ(series_look(0), "s0");
  EXPECT_EQ(series_look(9), "s1 dash");
  EXPECT_EQ(series_look(16), "s0 dots");
}

}  // namespace
}  // namespace relata::report
