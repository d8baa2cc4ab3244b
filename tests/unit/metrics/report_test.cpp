#include "relata/metrics/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "relata/base/error.h"
#include "relata/metrics/calibration.h"
#include "relata/metrics/classification.h"
#include "relata/metrics/ranking.h"
#include "unit/metrics/random_problem.h"

namespace relata::metrics {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const ReportOptions kFew{.bootstrap = {.resamples = 200}};

std::vector<std::string> names(const ClassificationReport& report) {
  std::vector<std::string> all;
  for (const auto& metric : report.metrics) all.push_back(metric.name);
  return all;
}

TEST(ClassificationReport, OfTwoClassesIsAboutClassOne) {
  const auto problem = random_problem(1, 120, 2);
  const auto report = classification_report(problem.scores(), problem.labels, kFew);
  EXPECT_THAT(names(report), ElementsAre("accuracy", "balanced_accuracy", "f1_binary", "f1_macro",
                                         "f1_weighted", "matthews_correlation", "roc_auc",
                                         "average_precision", "brier", "ece", "log_loss"));
  const auto p = column(problem.scores(), 1);
  EXPECT_EQ(report.rows, 120);
  EXPECT_EQ(report.at("f1_binary").estimate, f1_binary(problem.predictions, problem.labels));
  EXPECT_EQ(report.at("roc_auc").estimate, roc_auc(p, problem.labels));
  EXPECT_EQ(report.at("average_precision").estimate, average_precision(p, problem.labels));
  EXPECT_NEAR(report.at("brier").estimate, brier(p, problem.labels), 1e-15);
  EXPECT_NEAR(report.at("ece").estimate, ece(p, problem.labels), 1e-15);
  EXPECT_NEAR(report.at("log_loss").estimate, log_loss(p, problem.labels), 1e-15);
}

TEST(ClassificationReport, OfManyClassesIsMacro) {
  const auto problem = random_problem(2, 150, 4);
  const auto report = classification_report(problem.scores(), problem.labels, kFew);
  EXPECT_THAT(names(report),
              ElementsAre("accuracy", "balanced_accuracy", "f1_macro", "f1_weighted",
                          "matthews_correlation", "roc_auc", "brier", "ece", "log_loss"));
  EXPECT_EQ(report.at("roc_auc").estimate, roc_auc(problem.scores(), problem.labels));
  EXPECT_EQ(report.at("brier").estimate, brier(problem.scores(), problem.labels));
  for (const auto& [name, interval] : report.metrics) {
    EXPECT_LT(interval.low, interval.high) << name;
    EXPECT_EQ(interval.undefined, 0) << name;
  }
}

TEST(ClassificationReport, CountsClassesUnderTheirNames) {
  const std::vector<double> values{1, 0, 0, 0, 1, 0, 0, 1, 0};
  const auto report = classification_report(
      {.values = values, .rows = 3, .classes = 3}, std::vector<int64_t>{0, 0, 1},
      {.class_names = {"LumA", "LumB", "Basal"}, .bootstrap = {.resamples = 20}});
  ASSERT_EQ(report.classes.size(), 3u);
  EXPECT_EQ(report.classes[0].name, "LumA");
  EXPECT_EQ(report.classes[0].rows, 2);
  EXPECT_EQ(report.classes[0].predicted, 1);
  EXPECT_EQ(report.classes[2].name, "Basal");
  EXPECT_EQ(report.classes[2].rows, 0);
}

TEST(ClassificationReport, WorksWhereTheTestSetMissesClasses) {
  const auto problem = random_problem(3, 40, 3);
  const std::vector<int64_t> two(problem.labels.size() / 2, 1);
  std::vector<int64_t> labels(problem.labels.size(), 0);
  std::copy(two.begin(), two.end(), labels.begin());
  const auto report = classification_report(problem.scores(), labels, kFew);
  for (const auto& [name, interval] : report.metrics) {
    EXPECT_TRUE(std::isfinite(interval.estimate)) << name;
  }

  const auto one_class = classification_report(problem.scores(), std::vector<int64_t>(40, 1), kFew);
  EXPECT_TRUE(std::isnan(one_class.at("roc_auc").estimate));
  EXPECT_EQ(one_class.at("roc_auc").undefined, 200);
  EXPECT_TRUE(std::isfinite(one_class.at("f1_macro").estimate));
}

TEST(ClassificationReport, ResamplesWholeGroups) {
  const auto problem = random_problem(4, 60, 2);
  const std::vector<int64_t> one_group(60, 9);
  const auto report = classification_report(problem.scores(), problem.labels,
                                            {.bootstrap = {.resamples = 50, .groups = one_group}});
  for (const auto& [name, interval] : report.metrics) {
    EXPECT_DOUBLE_EQ(interval.low, interval.estimate) << name;
    EXPECT_DOUBLE_EQ(interval.high, interval.estimate) << name;
  }
}

TEST(ClassificationReportErrors, SayWhatIsWrong) {
  const auto problem = random_problem(5, 10, 3);
  const auto report_of = [&](const ReportOptions& options) {
    return classification_report(problem.scores(), problem.labels, options);
  };
  EXPECT_THAT(([&] { report_of({.class_names = {"a", "b"}}); }),
              ThrowsMessage<Error>(HasSubstr("2 class names for 3 classes")));
  EXPECT_THAT(([&] { report_of(kFew).at("f1"); }),
              ThrowsMessage<Error>(HasSubstr("no metric 'f1'; it has accuracy, balanced")));
  const std::vector<double> ones(10, 1);
  EXPECT_THROW(
      classification_report({.values = ones, .rows = 10, .classes = 1}, std::vector<int64_t>(10)),
      Error);
  EXPECT_THROW(classification_report(problem.scores(), std::vector<int64_t>{0}), Error);
  EXPECT_THROW(
      classification_report({.values = {}, .rows = 0, .classes = 2}, std::vector<int64_t>{}),
      Error);
}

}  // namespace
}  // namespace relata::metrics
