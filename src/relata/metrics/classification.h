// How well predicted classes agree with the true ones; the definitions are scikit-learn's.
// All throw Error for no rows, unequal lengths, or a class number that is negative or above 2²⁴.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "relata/metrics/scores.h"

namespace relata::metrics {

/// Per-class counts, each [classes]; all that the metrics of this file need.
struct ClassCounts {
  std::vector<int64_t> correct;    ///< rows of the class that are predicted as it (true positives)
  std::vector<int64_t> support;    ///< rows of the class
  std::vector<int64_t> predicted;  ///< rows predicted as the class
};

/// How many classes there are: 1 + the largest class number in either. Throws Error as said above.
int64_t class_count(std::span<const int64_t> predictions, std::span<const int64_t> labels);

/// All three [rows], class numbers below `classes`.
/// Unchecked and O(rows + classes), so that it may run once per bootstrap resample.
ClassCounts count_classes(std::span<const int64_t> predictions, std::span<const int64_t> labels,
                          Weights weights, int64_t classes);

// Metrics of counts. They are NaN if there are no rows at all.

/// Σ_c correct / rows.
double accuracy(const ClassCounts& counts);
/// Mean recall of the classes present in truth.
double balanced_accuracy(const ClassCounts& counts);
/// 2TP / (2TP + FP + FN) of class 1; 0 if class 1 is neither in truth nor predicted.
double f1_binary(const ClassCounts& counts);
/// Mean F1 of the classes present in truth or prediction.
double f1_macro(const ClassCounts& counts);
/// Mean F1 weighted by support.
double f1_weighted(const ClassCounts& counts);
/// Matthews correlation of any number of classes (Gorodkin 2004); 0 if either side is constant.
double matthews_correlation(const ClassCounts& counts);

// The same from predictions and labels, both [rows].
// f1_binary also throws Error if a class number is neither 0 nor 1.

double accuracy(std::span<const int64_t> predictions, std::span<const int64_t> labels);
double balanced_accuracy(std::span<const int64_t> predictions, std::span<const int64_t> labels);
double f1_binary(std::span<const int64_t> predictions, std::span<const int64_t> labels);
double f1_macro(std::span<const int64_t> predictions, std::span<const int64_t> labels);
double f1_weighted(std::span<const int64_t> predictions, std::span<const int64_t> labels);
double matthews_correlation(std::span<const int64_t> predictions, std::span<const int64_t> labels);

/// Row-major [true class, predicted class].
struct ConfusionMatrix {
  int64_t classes = 0;
  std::vector<int64_t> counts;

  int64_t at(int64_t truth, int64_t prediction) const {
    return counts[static_cast<size_t>(truth * classes + prediction)];
  }
};

/// Throws Error also for a class number that is not below `classes`.
ConfusionMatrix confusion_matrix(std::span<const int64_t> predictions,
                                 std::span<const int64_t> labels, int64_t classes);

/// Which of two classes with equal scores ranks first.
enum class TieRule {
  kLowestIndex,
  kHighestIndex,  ///< a stable ascending sort read backwards: scikit-learn, released M3CoL
};

/// Share of rows whose true class is among the k best scores; 1 if k ≥ classes.
/// Throws Error also for k < 1.
double top_k_accuracy(const ScoreMatrix& scores, std::span<const int64_t> labels, int64_t k,
                      TieRule ties = TieRule::kLowestIndex);

}  // namespace relata::metrics
