// How well scores put positive rows before negative ones: ROC AUC and average precision.
// All throw Error for no rows, unequal lengths, a NaN score or a label that is no class number.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "relata/metrics/scores.h"

namespace relata::metrics {

/// A point of the ROC curve: a row is called positive if its score ≥ threshold.
struct RocPoint {
  double threshold;
  double false_positive_rate;
  double true_positive_rate;
};

/// Binary scores sorted once, so that the metrics cost O(rows) for each set of weights.
class RankedScores {
 public:
  /// scores, labels [rows]; a label is 0 or 1.
  RankedScores(std::span<const double> scores, std::span<const int64_t> labels);

  int64_t rows() const { return static_cast<int64_t>(order_.size()); }

  /// P(score of a positive > score of a negative) + ½ P(equal) (Mann–Whitney).
  /// NaN if either class has no rows.
  double roc_auc(Weights weights) const;

  /// Σ_n (R_n − R_{n−1}) P_n over the distinct thresholds, highest first. NaN without positives.
  double average_precision(Weights weights) const;

  /// From (0, 0) at threshold +∞ to (1, 1), one point per distinct score.
  /// The rate of a class without rows is NaN.
  std::vector<RocPoint> roc_curve() const;

 private:
  /// Calls visit(positives, negatives, score) with the weights of each group of equal scores,
  /// highest first.
  template <typename Visit>
  void for_each_threshold(Weights weights, Visit visit) const;

  std::vector<int32_t> order_;      ///< rows, highest score first
  std::vector<uint8_t> positive_;   ///< is the label of order_[i] 1
  std::vector<uint8_t> last_;       ///< is order_[i] the last of those with its score
  std::vector<double> thresholds_;  ///< the score of order_[i]
};

/// Class scores sorted once: macro average over one-vs-rest problems.
class RankedClasses {
 public:
  /// labels [rows].
  RankedClasses(const ScoreMatrix& scores, std::span<const int64_t> labels);

  /// Mean one-vs-rest AUC; a class that has no rows, or all of them, is left out.
  /// NaN if that leaves none.
  double roc_auc(Weights weights) const;

 private:
  std::vector<RankedScores> classes_;
};

// The same for rows as they are.

double roc_auc(std::span<const double> scores, std::span<const int64_t> labels);
/// Macro one-vs-rest, also with two columns: for a binary problem pass the column of class 1.
double roc_auc(const ScoreMatrix& scores, std::span<const int64_t> labels);
double average_precision(std::span<const double> scores, std::span<const int64_t> labels);
std::vector<RocPoint> roc_curve(std::span<const double> scores, std::span<const int64_t> labels);

/// One column of a score matrix [rows].
std::vector<double> column(const ScoreMatrix& scores, int64_t index);

}  // namespace relata::metrics
