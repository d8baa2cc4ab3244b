#include <algorithm>
#include <cmath>

#include "relata/metrics/calibration.h"
#include "relata/metrics/check.h"

namespace relata::metrics {
namespace {

constexpr double kColdest = 1e-3;
constexpr double kHottest = 1e3;
constexpr int kHalvings =
    56;  // of ln(kHottest / kColdest) ≈ 13.8, down to the rounding of a double

/// The slope of one row's −ln softmax(β z)_y in β:   E_{c ~ softmax(β z)}[z_c] − z_y
double slope(std::span<const double> z, int64_t y, double beta) {
  const double largest = std::ranges::max(z);
  double normaliser = 0;
  double expectation = 0;  // of z − largest
  for (const double logit : z) {
    const double weight = std::exp(beta * (logit - largest));
    normaliser += weight;
    expectation += weight * (logit - largest);
  }
  return expectation / normaliser - (z[static_cast<size_t>(y)] - largest);
}

double slope(const ScoreMatrix& logits, std::span<const int64_t> labels, double beta) {
  double sum = 0;
  for (int64_t i = 0; i < logits.rows; ++i) {
    sum += slope(logits.row(i), labels[static_cast<size_t>(i)], beta);
  }
  return sum;
}

bool says_nothing(const ScoreMatrix& logits) {
  for (int64_t i = 0; i < logits.rows; ++i) {
    const auto [low, high] = std::ranges::minmax(logits.row(i));
    if (low != high) return false;
  }
  return true;
}

}  // namespace

double fit_temperature(const ScoreMatrix& logits, std::span<const int64_t> labels) {
  check_logits(logits);
  check_same_rows("rows of logits", static_cast<size_t>(logits.rows), "labels", labels.size());
  check_classes("label", labels, logits.classes);
  if (says_nothing(logits)) return 1;
  // −ln softmax(β z)_y is convex in β = 1/T, so its slope changes sign once: bisection on ln T.
  double low = std::log(kColdest);
  double high = std::log(kHottest);
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    const bool is_too_cold = slope(logits, labels, std::exp(-middle)) > 0;
    (is_too_cold ? low : high) = middle;
  }
  return std::exp((low + high) / 2);
}

}  // namespace relata::metrics
