#include "relata/metrics/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "relata/base/error.h"
#include "unit/metrics/random_problem.h"

namespace relata::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using Labels = std::vector<int64_t>;
using Values = std::vector<double>;

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

TEST(Brier, IsTheMeanSquaredError) {
  EXPECT_NEAR(brier(Values{0.2, 0.9}, Labels{0, 1}), (0.04 + 0.01) / 2, 1e-16);
  const Values three{0.5, 0.3, 0.2, 0, 0, 1};
  EXPECT_NEAR(brier(ScoreMatrix{.values = three, .rows = 2, .classes = 3}, Labels{1, 2}),
              (0.25 + 0.49 + 0.04) / 2, 1e-15);
}

TEST(Brier, OfTwoColumnsIsTwiceTheBinaryScore) {
  const Values p{0.2, 0.9, 0.5};
  const auto both = with_complement(p);
  const ScoreMatrix columns{.values = both, .rows = 3, .classes = 2};
  EXPECT_DOUBLE_EQ(brier(columns, Labels{0, 1, 1}), 2 * brier(p, Labels{0, 1, 1}));
}

TEST(LogLoss, IsFiniteForProbabilityZero) {
  EXPECT_DOUBLE_EQ(log_loss(Values{0.5, 0.25}, Labels{0, 1}), 1.5 * std::numbers::ln2);
  EXPECT_DOUBLE_EQ(log_loss(Values{0}, Labels{1}), -std::log(kEpsilon));
  EXPECT_NEAR(log_loss(Values{1}, Labels{1}), 0, 1e-15);
}

TEST(Ece, IsTheGapWeightedByRows) {
  // Confidences 0.9 (right, wrong) and 0.6 (right): gaps 0.4 over two rows and 0.4 over one.
  EXPECT_NEAR(ece(Values{0.9, 0.9, 0.6}, Labels{1, 0, 1}), 0.4, 1e-15);
  EXPECT_NEAR(ece(Values{0.1, 0.1}, Labels{0, 0}), 0.1, 1e-15);
  EXPECT_EQ(ece(Values{0, 1}, Labels{0, 1}), 0);
}

TEST(Ece, TakesTheLowestClassOnTies) {
  EXPECT_EQ(ece(Values{0.5}, Labels{0}), 0.5);
  EXPECT_NEAR(ece(Values{0.5, 0.5}, Labels{0, 1}), 0, 1e-15);
}

TEST(Ece, BinsAreClosedAbove) {
  // Confidence ⅔ = 10/15 belongs to bin 9, (9/15, 10/15]; the next number above it to bin 10.
  const double edge = 10.0 / 15;
  const Values p{edge, std::nextafter(edge, 1), 1};
  const auto both = with_complement(p);
  const auto bins =
      reliability_bins(ScoreMatrix{.values = both, .rows = 3, .classes = 2}, Labels{1, 1, 0});
  ASSERT_EQ(bins.size(), 15u);
  EXPECT_EQ(bins[9].rows, 1);
  EXPECT_EQ(bins[9].high, edge);
  EXPECT_EQ(bins[10].rows, 1);
  EXPECT_EQ(bins[14].rows, 1);
  EXPECT_EQ(bins[14].accuracy, 0);
  EXPECT_EQ(bins[14].confidence, 1);
  EXPECT_TRUE(std::isnan(bins[0].accuracy));
}

TEST(Ece, WithWeightsIsThatOfRepeatedRows) {
  const auto problem = random_problem(5, 80, 3);
  const auto rows = repeated_rows(problem.weights);
  Values repeated;
  for (const int64_t row : rows) {
    const auto values = problem.scores().row(row);
    repeated.insert(repeated.end(), values.begin(), values.end());
  }
  const ScoreMatrix scores{.values = repeated, .rows = std::ssize(rows), .classes = 3};
  EXPECT_NEAR(Confidences(problem.scores(), problem.labels).ece(problem.weights),
              ece(scores, pick(problem.labels, rows)), 1e-14);
}

double loss_at(const ScoreMatrix& logits, const Labels& labels, double temperature) {
  double sum = 0;
  for (int64_t i = 0; i < logits.rows; ++i) {
    double normaliser = 0;
    for (const double z : logits.row(i)) normaliser += std::exp(z / temperature);
    const auto label = static_cast<size_t>(labels[static_cast<size_t>(i)]);
    sum += std::log(normaliser) - logits.row(i)[label] / temperature;
  }
  return sum;
}

TEST(Temperature, MinimisesTheLoss) {
  auto problem = random_problem(6, 300, 3);
  for (double& value : problem.values) value = std::log(value) * 4;
  const double best = fit_temperature(problem.scores(), problem.labels);
  const double loss = loss_at(problem.scores(), problem.labels, best);
  for (const double factor : {0.5, 0.99, 1.01, 2.0}) {
    EXPECT_LT(loss, loss_at(problem.scores(), problem.labels, best * factor));
  }
}

TEST(Temperature, ScalesWithTheLogits) {
  auto problem = random_problem(7, 200, 4);
  const double once = fit_temperature(problem.scores(), problem.labels);
  for (double& value : problem.values) value *= 3;
  EXPECT_NEAR(fit_temperature(problem.scores(), problem.labels), 3 * once, 1e-9 * once);
}

TEST(Temperature, HasAClosedFormForOneMarginOfTwoClasses) {
  // Margin 2, right in 3 of 4 rows: sigmoid(2 / T) = ¾, so T = 2 / ln 3.
  const Values logits{0, 2, 0, 2, 0, 2, 0, 2};
  EXPECT_NEAR(fit_temperature({.values = logits, .rows = 4, .classes = 2}, Labels{1, 1, 1, 0}),
              2 / std::log(3), 1e-12);
}

TEST(Temperature, StaysAtAnEndWhereTheOptimumLiesBeyond) {
  const Values logits{0, 2, 0, 2};
  const ScoreMatrix scores{.values = logits, .rows = 2, .classes = 2};
  EXPECT_NEAR(fit_temperature(scores, Labels{1, 1}), 1e-3, 1e-12);
  EXPECT_NEAR(fit_temperature(scores, Labels{0, 0}), 1e3, 1e-6);
  const Values equal(4, 0.7);
  EXPECT_EQ(fit_temperature({.values = equal, .rows = 2, .classes = 2}, Labels{0, 1}), 1);
}

TEST(CalibrationErrors, NameTheRow) {
  EXPECT_THAT(([] { brier(Values{0.5, 1.5}, Labels{0, 1}); }),
              ThrowsMessage<Error>(HasSubstr("row 1: 1.5 is no probability")));
  const Values logits{0.5, 0.5, -3, 4};
  const ScoreMatrix scores{.values = logits, .rows = 2, .classes = 2};
  EXPECT_THAT(([&] { ece(scores, Labels{0, 1}); }),
              ThrowsMessage<Error>(HasSubstr("row 1: the class scores are no probabilities")));
  EXPECT_THAT(([&] { log_loss(Values{0.5, std::nan("")}, Labels{0, 1}); }),
              ThrowsMessage<Error>(HasSubstr("row 1: the score is NaN")));
  EXPECT_THAT(([] { brier(Values{0.5}, Labels{2}); }), ThrowsMessage<Error>(HasSubstr("label 2")));
  const Values infinite{0, INFINITY};
  EXPECT_THAT(([&] { fit_temperature({.values = infinite, .rows = 1, .classes = 2}, Labels{0}); }),
              ThrowsMessage<Error>(HasSubstr("row 0: the logit inf is not finite")));
}

TEST(CalibrationErrors, NoRowsOrBins) {
  EXPECT_THROW(brier(Values{}, Labels{}), Error);
  EXPECT_THROW(ece(Values{}, Labels{}), Error);
  EXPECT_THROW(log_loss(ScoreMatrix{}, Labels{}), Error);
  EXPECT_THROW(fit_temperature(ScoreMatrix{}, Labels{}), Error);
  const auto problem = random_problem(0, 3, 2);
  EXPECT_THROW(reliability_bins(problem.scores(), problem.labels, 0), Error);
}

}  // namespace
}  // namespace relata::metrics
