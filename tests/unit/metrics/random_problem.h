// A random labelled problem with many tied scores, the same each time.
#pragma once

#include <cstdint>
#include <vector>

#include "relata/base/counter_rng.h"
#include "relata/metrics/scores.h"

namespace relata::metrics {

struct RandomProblem {
  std::vector<int64_t> labels;       // [rows]
  std::vector<int64_t> predictions;  // [rows]
  std::vector<double> values;        // [rows, classes], rows sum to 1
  std::vector<int32_t> weights;      // [rows], 0 to 3
  int64_t classes;

  ScoreMatrix scores() const {
    return {.values = values, .rows = static_cast<int64_t>(labels.size()), .classes = classes};
  }
};

inline RandomProblem random_problem(uint64_t seed, int64_t rows, int64_t classes) {
  constexpr uint64_t kLevels = 6;
  constexpr uint64_t kWeights = 4;
  CounterRng rng(seed);
  RandomProblem problem{
      .labels = {}, .predictions = {}, .values = {}, .weights = {}, .classes = classes};
  for (int64_t i = 0; i < rows; ++i) {
    problem.labels.push_back(static_cast<int64_t>(rng.below(static_cast<uint64_t>(classes))));
    std::vector<double> levels;
    double sum = 0;
    for (int64_t c = 0; c < classes; ++c) {
      const double bonus = c == problem.labels.back() ? 1 : 0;
      levels.push_back(1 + bonus + static_cast<double>(rng.below(kLevels)));
      sum += levels.back();
    }
    for (const double level : levels) problem.values.push_back(level / sum);
    problem.weights.push_back(static_cast<int32_t>(rng.below(kWeights)));
  }
  problem.predictions = argmax(problem.scores());
  return problem;
}

/// Row numbers, each as often as its weight says.
inline std::vector<int64_t> repeated_rows(Weights weights) {
  std::vector<int64_t> rows;
  for (size_t i = 0; i < weights.size(); ++i) {
    rows.insert(rows.end(), static_cast<size_t>(weights[i]), static_cast<int64_t>(i));
  }
  return rows;
}

template <typename T>
std::vector<T> pick(const std::vector<T>& values, std::span<const int64_t> rows) {
  std::vector<T> picked;
  for (const int64_t row : rows) picked.push_back(values[static_cast<size_t>(row)]);
  return picked;
}

}  // namespace relata::metrics
