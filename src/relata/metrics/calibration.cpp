#include "relata/metrics/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "relata/base/error.h"
#include "relata/metrics/check.h"

namespace relata::metrics {
namespace {

void check_labelled(const ScoreMatrix& scores, std::span<const int64_t> labels) {
  check_same_rows("rows of scores", static_cast<size_t>(scores.rows), "labels", labels.size());
  check_classes("label", labels, scores.classes);
}

/// Checks a binary problem and gives it as one of two classes: [rows, 2] values of a ScoreMatrix.
std::vector<double> as_two_classes(std::span<const double> probability,
                                   std::span<const int64_t> labels) {
  check_same_rows("probabilities", probability.size(), "labels", labels.size());
  check_probabilities(probability);
  return with_complement(probability);
}

ScoreMatrix two_columns(std::span<const double> values) {
  return {.values = values, .rows = std::ssize(values) / 2, .classes = 2};
}

double mean_of(std::span<const double> values) {
  return weighted_mean(values, unit_weights(std::ssize(values)));
}

}  // namespace

double brier(std::span<const double> probability, std::span<const int64_t> labels) {
  const auto both = as_two_classes(probability, labels);
  // Σ_c (p_c − y_c)² = 2 (p − y)²
  return brier(two_columns(both), labels) / 2;
}

double brier(const ScoreMatrix& probabilities, std::span<const int64_t> labels) {
  return mean_of(brier_of_rows(probabilities, labels));
}

std::vector<double> brier_of_rows(const ScoreMatrix& probabilities,
                                  std::span<const int64_t> labels) {
  check_probabilities(probabilities);
  check_labelled(probabilities, labels);
  std::vector<double> summands(labels.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto p = probabilities.row(static_cast<int64_t>(i));
    for (int64_t c = 0; c < probabilities.classes; ++c) {
      const double error = p[static_cast<size_t>(c)] - (labels[i] == c ? 1 : 0);
      summands[i] += error * error;
    }
  }
  return summands;
}

double log_loss(std::span<const double> probability, std::span<const int64_t> labels) {
  const auto both = as_two_classes(probability, labels);
  return log_loss(two_columns(both), labels);
}

double log_loss(const ScoreMatrix& probabilities, std::span<const int64_t> labels) {
  return mean_of(log_loss_of_rows(probabilities, labels));
}

std::vector<double> log_loss_of_rows(const ScoreMatrix& probabilities,
                                     std::span<const int64_t> labels) {
  check_probabilities(probabilities);
  check_labelled(probabilities, labels);
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  std::vector<double> summands(labels.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    const double p = probabilities.row(static_cast<int64_t>(i))[static_cast<size_t>(labels[i])];
    summands[i] = -std::log(std::clamp(p, kEpsilon, 1 - kEpsilon));
  }
  return summands;
}

Confidences::Confidences(const ScoreMatrix& probabilities, std::span<const int64_t> labels,
                         int64_t bins) {
  check_probabilities(probabilities);
  check_labelled(probabilities, labels);
  if (bins < 1) throw Error({.what = fmt::format("{} bins cannot hold any row", bins)});
  for (int64_t b = 1; b <= bins; ++b) {
    edges_.push_back(static_cast<double>(b) / static_cast<double>(bins));
  }
  for (int64_t i = 0; i < probabilities.rows; ++i) {
    const auto row = probabilities.row(i);
    const int64_t predicted = argmax(row);
    const double confidence = std::min(row[static_cast<size_t>(predicted)], 1.0);
    const auto bin =
        std::ranges::lower_bound(edges_, confidence);  // the first with high ≥ confidence
    confidence_.push_back(confidence);
    bin_.push_back(static_cast<size_t>(std::distance(edges_.begin(), bin)));
    correct_.push_back(predicted == labels[static_cast<size_t>(i)]);
  }
}

std::vector<ReliabilityBin> Confidences::reliability_bins(Weights weights) const {
  std::vector<ReliabilityBin> bins(edges_.size());
  for (size_t i = 0; i < bin_.size(); ++i) {
    ReliabilityBin& bin = bins[bin_[i]];
    bin.rows += weights[i];
    bin.confidence += weights[i] * confidence_[i];
    bin.accuracy += weights[i] * correct_[i];
  }
  for (size_t b = 0; b < bins.size(); ++b) {
    bins[b].low = b == 0 ? 0 : edges_[b - 1];
    bins[b].high = edges_[b];
    bins[b].confidence /= static_cast<double>(bins[b].rows);
    bins[b].accuracy /= static_cast<double>(bins[b].rows);
  }
  return bins;
}

double Confidences::ece(Weights weights) const {
  // ECE = Σ_b (rows_b / rows) |accuracy_b − confidence_b|
  double gaps = 0;
  int64_t rows = 0;
  for (const ReliabilityBin& bin : reliability_bins(weights)) {
    if (bin.rows == 0) continue;
    gaps += static_cast<double>(bin.rows) * std::abs(bin.accuracy - bin.confidence);
    rows += bin.rows;
  }
  return gaps / static_cast<double>(rows);
}

std::vector<ReliabilityBin> reliability_bins(const ScoreMatrix& probabilities,
                                             std::span<const int64_t> labels, int64_t bins) {
  return Confidences(probabilities, labels, bins)
      .reliability_bins(unit_weights(probabilities.rows));
}

double ece(std::span<const double> probability, std::span<const int64_t> labels) {
  const auto both = as_two_classes(probability, labels);
  return ece(two_columns(both), labels);
}

double ece(const ScoreMatrix& probabilities, std::span<const int64_t> labels) {
  return Confidences(probabilities, labels).ece(unit_weights(probabilities.rows));
}

}  // namespace relata::metrics
