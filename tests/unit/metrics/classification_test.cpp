#include "relata/metrics/classification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "relata/base/error.h"
#include "unit/metrics/random_problem.h"

namespace relata::metrics {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using Classes = std::vector<int64_t>;

// M3CoL spec, G17.
const Classes kLabels{0, 1, 2, 2, 1, 0, 3, 3, 3, 4};
const Classes kPredictions{0, 2, 2, 2, 1, 1, 3, 3, 0, 3};

TEST(Classification, EqualsTheGoldenValuesOfTheSpec) {
  EXPECT_DOUBLE_EQ(accuracy(kPredictions, kLabels), 0.6);
  EXPECT_NEAR(f1_macro(kPredictions, kLabels), 0.49333333, 5e-9);
  EXPECT_NEAR(f1_weighted(kPredictions, kLabels), 0.56, 1e-15);
}

TEST(Classification, BalancedAccuracyIsMeanRecallOfClassesInTruth) {
  // Recalls ½, ½, 1, ⅔, 0.
  EXPECT_NEAR(balanced_accuracy(kPredictions, kLabels), (0.5 + 0.5 + 1 + 2.0 / 3 + 0) / 5, 1e-15);
  EXPECT_DOUBLE_EQ(balanced_accuracy(Classes{0, 2, 1}, Classes{0, 0, 1}), 0.75);
}

TEST(Classification, MacroF1CountsClassesThatAreOnlyPredicted) {
  // Class 2 is predicted but never true: its F1 is 0 and counts.
  EXPECT_NEAR(f1_macro(Classes{0, 2, 1}, Classes{0, 0, 1}), (2.0 / 3 + 1 + 0) / 3, 1e-15);
  EXPECT_DOUBLE_EQ(f1_macro(Classes{7, 9}, Classes{7, 9}), 1);
}

TEST(Classification, BinaryF1IsOfClassOne) {
  // TP 1, FP 1, FN 2.
  EXPECT_DOUBLE_EQ(f1_binary(Classes{1, 0, 0, 1, 0}, Classes{1, 1, 1, 0, 0}), 2.0 / 5);
  EXPECT_EQ(f1_binary(Classes{0, 0}, Classes{0, 0}), 0);
  EXPECT_EQ(f1_binary(Classes{0, 0}, Classes{1, 0}), 0);
  // The constant class-1 predictor on ROSMAP's test set: 55 of 106.
  Classes labels(106, 0);
  std::fill_n(labels.begin(), 55, 1);
  EXPECT_NEAR(f1_binary(Classes(106, 1), labels), 0.683, 5e-4);
}

TEST(Classification, MatthewsCorrelationOfTwoClassesIsThePhiCoefficient) {
  // TP 3, TN 2, FP 1, FN 2:  (TP·TN − FP·FN) / √((TP+FP)(TP+FN)(TN+FP)(TN+FN))
  const Classes labels{1, 1, 1, 1, 1, 0, 0, 0};
  const Classes predictions{1, 1, 1, 0, 0, 0, 0, 1};
  EXPECT_NEAR(matthews_correlation(predictions, labels),
              (3 * 2 - 1 * 2) / std::sqrt(4. * 5 * 3 * 4), 1e-15);
  EXPECT_DOUBLE_EQ(matthews_correlation(Classes{0, 1, 2}, Classes{0, 1, 2}), 1);
  EXPECT_EQ(matthews_correlation(Classes{1, 1, 1}, Classes{0, 1, 2}), 0);
  EXPECT_EQ(matthews_correlation(Classes{1, 1}, Classes{1, 1}), 0);
}

TEST(Classification, CountsWithWeightsAreCountsOfRepeatedRows) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto problem = random_problem(seed, 40, 4);
    const auto rows = repeated_rows(problem.weights);
    const auto weighted = count_classes(problem.predictions, problem.labels, problem.weights, 4);
    const auto labels = pick(problem.labels, rows);
    const auto predictions = pick(problem.predictions, rows);
    EXPECT_EQ(accuracy(weighted), accuracy(predictions, labels));
    EXPECT_EQ(balanced_accuracy(weighted), balanced_accuracy(predictions, labels));
    EXPECT_EQ(f1_macro(weighted), f1_macro(predictions, labels));
    EXPECT_EQ(f1_weighted(weighted), f1_weighted(predictions, labels));
    EXPECT_EQ(matthews_correlation(weighted), matthews_correlation(predictions, labels));
  }
}

TEST(Classification, WithoutWeightEveryMetricIsUndefined) {
  const std::vector<int32_t> none(2);
  const auto counts = count_classes(Classes{0, 1}, Classes{0, 1}, none, 2);
  for (const double value : {accuracy(counts), balanced_accuracy(counts), f1_binary(counts),
                             f1_macro(counts), f1_weighted(counts), matthews_correlation(counts)}) {
    EXPECT_TRUE(std::isnan(value));
  }
}

TEST(Classification, ConfusionMatrixHasTruthInRows) {
  const auto matrix = confusion_matrix(Classes{0, 1, 1}, Classes{0, 0, 2}, 3);
  EXPECT_THAT(matrix.counts, ElementsAre(1, 1, 0, 0, 0, 0, 0, 1, 0));
  EXPECT_EQ(matrix.at(0, 1), 1);
  EXPECT_EQ(matrix.at(2, 1), 1);
}

TEST(Classification, ArgmaxTakesTheLowestIndexOnTies) {
  const std::vector<double> values{0.1, 0.4, 0.4, 0.3, 0.3, 0.3, 0, 1, 1};
  EXPECT_THAT(argmax(ScoreMatrix{.values = values, .rows = 3, .classes = 3}), ElementsAre(1, 0, 1));
}

TEST(TopK, TiesFollowTheRule) {
  const std::vector<double> values{0.4, 0.4, 0.2, 0.4, 0.4, 0.2};
  const ScoreMatrix scores{.values = values, .rows = 2, .classes = 3};
  EXPECT_DOUBLE_EQ(top_k_accuracy(scores, Classes{0, 0}, 1), 1);
  EXPECT_DOUBLE_EQ(top_k_accuracy(scores, Classes{0, 0}, 1, TieRule::kHighestIndex), 0);
  EXPECT_DOUBLE_EQ(top_k_accuracy(scores, Classes{0, 1}, 1), 0.5);
  EXPECT_DOUBLE_EQ(top_k_accuracy(scores, Classes{0, 1}, 2), 1);
  EXPECT_DOUBLE_EQ(top_k_accuracy(scores, Classes{2, 1}, 2), 0.5);
  EXPECT_DOUBLE_EQ(top_k_accuracy(scores, Classes{2, 2}, 99), 1);
}

TEST(TopK, OfOneIsAccuracyOfArgmax) {
  const auto problem = random_problem(3, 200, 5);
  EXPECT_EQ(top_k_accuracy(problem.scores(), problem.labels, 1),
            accuracy(problem.predictions, problem.labels));
}

TEST(ClassificationErrors, NameTheRowAndTheValue) {
  EXPECT_THAT(([] { accuracy(Classes{0, 0}, Classes{0, -1}); }),
              ThrowsMessage<Error>(
                  AllOf(HasSubstr("row 1"), HasSubstr("label -1"), HasSubstr("unknown class"))));
  EXPECT_THAT(([] { f1_binary(Classes{2, 0}, Classes{0, 1}); }),
              ThrowsMessage<Error>(HasSubstr("row 0: prediction 2 is no class number: 0 to 1")));
  EXPECT_THAT(([] { confusion_matrix(Classes{0, 0}, Classes{0, 3}, 3); }),
              ThrowsMessage<Error>(HasSubstr("row 1: label 3")));
  EXPECT_THAT(([] { accuracy(Classes{0}, Classes{0, 1}); }),
              ThrowsMessage<Error>(HasSubstr("1 predictions but 2 labels")));
}

TEST(ClassificationErrors, NoRows) {
  const Classes none;
  EXPECT_THROW(accuracy(none, none), Error);
  EXPECT_THROW(f1_binary(none, none), Error);
  EXPECT_THROW(confusion_matrix(none, none, 2), Error);
  EXPECT_THROW(argmax(ScoreMatrix{}), Error);
  EXPECT_THROW(top_k_accuracy(ScoreMatrix{}, none, 1), Error);
}

TEST(ClassificationErrors, ScoresThatAreNoScores) {
  const std::vector<double> values{0.1, 0.9, std::numeric_limits<double>::quiet_NaN(), 1};
  const ScoreMatrix scores{.values = values, .rows = 2, .classes = 2};
  EXPECT_THAT(([&] { argmax(scores); }),
              ThrowsMessage<Error>(HasSubstr("row 1: the score of class 0 is NaN")));
  EXPECT_THAT(([&] { argmax(ScoreMatrix{.values = values, .rows = 3, .classes = 2}); }),
              ThrowsMessage<Error>(HasSubstr("4 scores do not make a matrix of 3 rows")));
  const auto problem = random_problem(0, 4, 3);
  EXPECT_THROW(top_k_accuracy(problem.scores(), problem.labels, 0), Error);
  EXPECT_THROW(top_k_accuracy(problem.scores(), Classes{0, 1, 2, 3}, 1), Error);
}

}  // namespace
}  // namespace relata::metrics
