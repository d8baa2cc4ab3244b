#include "relata/metrics/classification.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "relata/base/error.h"
#include "relata/metrics/check.h"

namespace relata::metrics {
namespace {

/// Class numbers are meant to be small, since counts are kept for each up to the largest.
constexpr int64_t kMostClasses = 1 << 24;
constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

double ratio(int64_t part, int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

int64_t sum(const std::vector<int64_t>& values) {
  return std::accumulate(values.begin(), values.end(), int64_t{0});
}

int64_t dot(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), int64_t{0});
}

/// Of a class that is present.
double f1(const ClassCounts& counts, size_t c) {
  // F1 = 2TP / (2TP + FP + FN),   TP + FN = support, TP + FP = predicted
  return ratio(2 * counts.correct[c], counts.support[c] + counts.predicted[c]);
}

bool is_present(const ClassCounts& counts, size_t c) {
  return counts.support[c] + counts.predicted[c] > 0;
}

ClassCounts checked_counts(std::span<const int64_t> predictions, std::span<const int64_t> labels) {
  const int64_t classes = class_count(predictions, labels);
  return count_classes(predictions, labels, unit_weights(std::ssize(labels)), classes);
}

/// How many classes rank before `label`.
int64_t rank_of(std::span<const double> scores, int64_t label, TieRule ties) {
  const double own = scores[static_cast<size_t>(label)];
  int64_t better = 0;
  for (int64_t c = 0; c < std::ssize(scores); ++c) {
    const double other = scores[static_cast<size_t>(c)];
    const bool wins_tie = ties == TieRule::kLowestIndex ? c < label : c > label;
    if (other > own || (other == own && wins_tie)) ++better;
  }
  return better;
}

}  // namespace

int64_t class_count(std::span<const int64_t> predictions, std::span<const int64_t> labels) {
  check_same_rows("predictions", predictions.size(), "labels", labels.size());
  check_classes("prediction", predictions, kMostClasses);
  check_classes("label", labels, kMostClasses);
  return 1 + std::max(std::ranges::max(labels), std::ranges::max(predictions));
}

ClassCounts count_classes(std::span<const int64_t> predictions, std::span<const int64_t> labels,
                          Weights weights, int64_t classes) {
  const std::vector<int64_t> zeros(static_cast<size_t>(classes));
  ClassCounts counts{.correct = zeros, .support = zeros, .predicted = zeros};
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto truth = static_cast<size_t>(labels[i]);
    const auto prediction = static_cast<size_t>(predictions[i]);
    counts.support[truth] += weights[i];
    counts.predicted[prediction] += weights[i];
    counts.correct[truth] += truth == prediction ? weights[i] : 0;
  }
  return counts;
}

double accuracy(const ClassCounts& counts) {
  return ratio(sum(counts.correct), sum(counts.support));
}

double balanced_accuracy(const ClassCounts& counts) {
  double recalls = 0;
  int64_t present = 0;
  for (size_t c = 0; c < counts.support.size(); ++c) {
    if (counts.support[c] == 0) continue;
    recalls += ratio(counts.correct[c], counts.support[c]);
    ++present;
  }
  return recalls / static_cast<double>(present);
}

double f1_binary(const ClassCounts& counts) {
  constexpr size_t kPositive = 1;
  if (sum(counts.support) == 0) return kUndefined;
  return counts.support.size() > kPositive && is_present(counts, kPositive) ? f1(counts, kPositive)
                                                                            : 0;
}

double f1_macro(const ClassCounts& counts) {
  double total = 0;
  int64_t present = 0;
  for (size_t c = 0; c < counts.support.size(); ++c) {
    if (!is_present(counts, c)) continue;
    total += f1(counts, c);
    ++present;
  }
  return total / static_cast<double>(present);
}

double f1_weighted(const ClassCounts& counts) {
  double total = 0;
  for (size_t c = 0; c < counts.support.size(); ++c) {
    if (counts.support[c] > 0) total += static_cast<double>(counts.support[c]) * f1(counts, c);
  }
  return total / static_cast<double>(sum(counts.support));
}

double matthews_correlation(const ClassCounts& counts) {
  const int64_t s = sum(counts.support);
  if (s == 0) return kUndefined;
  // MCC = (c·s − Σ p_k t_k) / √((s² − Σ p_k²)(s² − Σ t_k²)),
  // c correct rows, s all rows, p_k predicted as k, t_k truly k
  const int64_t agreement = sum(counts.correct) * s - dot(counts.predicted, counts.support);
  const int64_t spread_p = s * s - dot(counts.predicted, counts.predicted);
  const int64_t spread_t = s * s - dot(counts.support, counts.support);
  if (spread_p == 0 || spread_t == 0) return 0;
  const double product = static_cast<double>(spread_p) * static_cast<double>(spread_t);
  return static_cast<double>(agreement) / std::sqrt(product);
}

double accuracy(std::span<const int64_t> predictions, std::span<const int64_t> labels) {
  return accuracy(checked_counts(predictions, labels));
}

double balanced_accuracy(std::span<const int64_t> predictions, std::span<const int64_t> labels) {
  return balanced_accuracy(checked_counts(predictions, labels));
}

double f1_binary(std::span<const int64_t> predictions, std::span<const int64_t> labels) {
  constexpr int64_t kBinary = 2;
  check_classes("prediction", predictions, kBinary);
  check_classes("label", labels, kBinary);
  return f1_binary(checked_counts(predictions, labels));
}

double f1_macro(std::span<const int64_t> predictions, std::span<const int64_t> labels) {
  return f1_macro(checked_counts(predictions, labels));
}

double f1_weighted(std::span<const int64_t> predictions, std::span<const int64_t> labels) {
  return f1_weighted(checked_counts(predictions, labels));
}

double matthews_correlation(std::span<const int64_t> predictions, std::span<const int64_t> labels) {
  return matthews_correlation(checked_counts(predictions, labels));
}

ConfusionMatrix confusion_matrix(std::span<const int64_t> predictions,
                                 std::span<const int64_t> labels, int64_t classes) {
  check_same_rows("predictions", predictions.size(), "labels", labels.size());
  check_classes("prediction", predictions, classes);
  check_classes("label", labels, classes);
  ConfusionMatrix matrix{.classes = classes,
                         .counts = std::vector<int64_t>(static_cast<size_t>(classes * classes))};
  for (size_t i = 0; i < labels.size(); ++i) {
    ++matrix.counts[static_cast<size_t>(labels[i] * classes + predictions[i])];
  }
  return matrix;
}

double top_k_accuracy(const ScoreMatrix& scores, std::span<const int64_t> labels, int64_t k,
                      TieRule ties) {
  check_scores(scores);
  check_same_rows("rows of scores", static_cast<size_t>(scores.rows), "labels", labels.size());
  check_classes("label", labels, scores.classes);
  if (k < 1) throw Error({.what = fmt::format("top-k needs k of at least 1, got {}", k)});
  int64_t hits = 0;
  for (int64_t i = 0; i < scores.rows; ++i) {
    if (rank_of(scores.row(i), labels[static_cast<size_t>(i)], ties) < k) ++hits;
  }
  return ratio(hits, scores.rows);
}

}  // namespace relata::metrics
