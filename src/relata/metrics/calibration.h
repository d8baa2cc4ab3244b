// How far predicted probabilities can be believed: Brier score, log loss, calibration, temperature.
// All throw Error for no rows, unequal lengths, NaN, and what is no probability or no class number.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "relata/metrics/scores.h"

namespace relata::metrics {

/// mean (p − y)²; p = P(class 1) [rows], y [rows] is 0 or 1.
double brier(std::span<const double> probability, std::span<const int64_t> labels);
/// mean Σ_c (p_c − y_c)², also with two columns: there it is twice the binary score.
double brier(const ScoreMatrix& probabilities, std::span<const int64_t> labels);
/// Its summands [rows].
std::vector<double> brier_of_rows(const ScoreMatrix& probabilities,
                                  std::span<const int64_t> labels);

/// −mean ln p_y, with p cut to [ε, 1 − ε], ε = 2⁻⁵² (as scikit-learn does), so that it is finite.
double log_loss(std::span<const double> probability, std::span<const int64_t> labels);
double log_loss(const ScoreMatrix& probabilities, std::span<const int64_t> labels);
/// Its summands [rows].
std::vector<double> log_loss_of_rows(const ScoreMatrix& probabilities,
                                     std::span<const int64_t> labels);

inline constexpr int64_t kCalibrationBins = 15;

/// The rows whose predicted class has a probability in (low, high]; the first bin also holds 0.
struct ReliabilityBin {
  double low = 0;
  double high = 0;
  int64_t rows = 0;
  double confidence = 0;  ///< mean probability of the predicted class; NaN without rows
  double accuracy = 0;    ///< share of rows whose predicted class is true; NaN without rows
};

/// Predicted class (lowest index on ties), its probability and its bin, found once.
class Confidences {
 public:
  /// Throws Error also for bins < 1.
  Confidences(const ScoreMatrix& probabilities, std::span<const int64_t> labels,
              int64_t bins = kCalibrationBins);

  std::vector<ReliabilityBin> reliability_bins(Weights weights) const;

  /// Expected calibration error Σ_b (rows_b / rows) |accuracy_b − confidence_b|; NaN without rows.
  /// Source: Guo et al., "On calibration of modern neural networks", 2017, eq. 3.
  double ece(Weights weights) const;

 private:
  std::vector<double> edges_;  ///< upper edge of each bin
  std::vector<size_t> bin_;
  std::vector<double> confidence_;
  std::vector<uint8_t> correct_;
};

/// Equal-width bins for the diagram, in order.
std::vector<ReliabilityBin> reliability_bins(const ScoreMatrix& probabilities,
                                             std::span<const int64_t> labels,
                                             int64_t bins = kCalibrationBins);

/// 15 bins. In the binary form the predicted class is 1 if p > ½, with probability max(p, 1 − p).
double ece(std::span<const double> probability, std::span<const int64_t> labels);
double ece(const ScoreMatrix& probabilities, std::span<const int64_t> labels);

/// The temperature T that minimises the mean of −ln softmax(z / T)_y; z finite (Guo et al., §4.2).
/// In [1e-3, 1e3], an end of it if the optimum lies beyond: T → 0 where the largest logit is always
/// right. 1 if the logits of each row are all equal.
double fit_temperature(const ScoreMatrix& logits, std::span<const int64_t> labels);

}  // namespace relata::metrics
