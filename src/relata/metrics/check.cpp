#include "relata/metrics/check.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "relata/base/error.h"

namespace relata::metrics {
namespace {

constexpr double kRounding = 1e-6;
constexpr double kSumSlack = 1e-3;

std::string row_name(size_t row) { return fmt::format("row {}", row); }

}  // namespace

void check_rows(int64_t rows) {
  if (rows < 1) throw Error({.what = "a metric needs at least one row, and there are none"});
}

void check_same_rows(std::string_view a_name, size_t a_rows, std::string_view b_name,
                     size_t b_rows) {
  if (a_rows != b_rows) {
    throw Error({.what = fmt::format("there are {} {} but {} {}", a_rows, a_name, b_rows, b_name),
                 .remedy = "give one of each for every row"});
  }
  check_rows(static_cast<int64_t>(a_rows));
}

void check_classes(std::string_view what, std::span<const int64_t> numbers, int64_t classes) {
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] >= 0 && numbers[i] < classes) continue;
    throw Error({.what = fmt::format("{} {} is no class number: 0 to {} are expected", what,
                                     numbers[i], classes - 1),
                 .where = row_name(i),
                 .remedy = numbers[i] < 0 ? "leave rows of unknown class out" : ""});
  }
}

void check_scores(std::span<const double> scores) {
  for (size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) throw Error({.what = "the score is NaN", .where = row_name(i)});
  }
}

void check_scores(const ScoreMatrix& scores) {
  check_rows(scores.rows);
  if (scores.classes < 1 ||
      scores.values.size() != static_cast<size_t>(scores.rows * scores.classes)) {
    throw Error({.what = fmt::format("{} scores do not make a matrix of {} rows and {} classes",
                                     scores.values.size(), scores.rows, scores.classes)});
  }
  for (size_t i = 0; i < scores.values.size(); ++i) {
    if (!std::isnan(scores.values[i])) continue;
    const auto classes = static_cast<size_t>(scores.classes);
    throw Error({.what = fmt::format("the score of class {} is NaN", i % classes),
                 .where = row_name(i / classes)});
  }
}

void check_logits(const ScoreMatrix& logits) {
  check_scores(logits);
  for (size_t i = 0; i < logits.values.size(); ++i) {
    if (std::isfinite(logits.values[i])) continue;
    throw Error({.what = fmt::format("the logit {} is not finite", logits.values[i]),
                 .where = row_name(i / static_cast<size_t>(logits.classes))});
  }
}

void check_probabilities(std::span<const double> probabilities) {
  check_scores(probabilities);
  for (size_t i = 0; i < probabilities.size(); ++i) {
    if (probabilities[i] >= -kRounding && probabilities[i] <= 1 + kRounding) continue;
    throw Error({.what = fmt::format("{} is no probability", probabilities[i]),
                 .where = row_name(i),
                 .remedy = "apply the sigmoid first"});
  }
}

void check_probabilities(const ScoreMatrix& probabilities) {
  check_scores(probabilities);
  for (int64_t i = 0; i < probabilities.rows; ++i) {
    const auto row = probabilities.row(i);
    const double sum = std::accumulate(row.begin(), row.end(), 0.0);
    bool valid = std::abs(sum - 1) <= kSumSlack;
    for (const double p : row) valid = valid && p >= -kRounding && p <= 1 + kRounding;
    if (valid) continue;
    throw Error(
        {.what = fmt::format("the class scores are no probabilities (their sum is {})", sum),
         .where = row_name(static_cast<size_t>(i)),
         .remedy = "apply the softmax first"});
  }
}

}  // namespace relata::metrics
