#include "relata/metrics/scores.h"

#include <algorithm>
#include <limits>

#include "relata/metrics/check.h"

namespace relata::metrics {

std::vector<int32_t> unit_weights(int64_t rows) {
  return std::vector<int32_t>(static_cast<size_t>(rows), 1);
}

double weighted_mean(std::span<const double> values, Weights weights) {
  double sum = 0;
  int64_t total = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    sum += weights[i] * values[i];
    total += weights[i];
  }
  return total == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(total);
}

int64_t argmax(std::span<const double> scores) {
  return std::distance(scores.begin(), std::ranges::max_element(scores));
}

std::vector<int64_t> argmax(const ScoreMatrix& scores) {
  check_scores(scores);
  std::vector<int64_t> classes(static_cast<size_t>(scores.rows));
  for (int64_t i = 0; i < scores.rows; ++i) {
    classes[static_cast<size_t>(i)] = argmax(scores.row(i));
  }
  return classes;
}

std::vector<double> with_complement(std::span<const double> probability) {
  std::vector<double> both;
  both.reserve(2 * probability.size());
  for (const double p : probability) {
    both.push_back(1 - p);
    both.push_back(p);
  }
  return both;
}

}  // namespace relata::metrics
