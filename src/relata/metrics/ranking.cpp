#include "relata/metrics/ranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "relata/base/error.h"
#include "relata/metrics/check.h"

namespace relata::metrics {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

void check_binary(std::span<const double> scores, std::span<const int64_t> labels) {
  constexpr int64_t kBinary = 2;
  check_same_rows("scores", scores.size(), "labels", labels.size());
  check_scores(scores);
  check_classes("label", labels, kBinary);
  if (scores.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    throw Error(
        {.what = fmt::format("{} rows are more than a ranking can hold (2³¹ − 1)", scores.size())});
  }
}

double rate(int64_t part, int64_t whole) {
  return whole == 0 ? kUndefined : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

RankedScores::RankedScores(std::span<const double> scores, std::span<const int64_t> labels)
    : order_(scores.size()),
      positive_(scores.size()),
      last_(scores.size()),
      thresholds_(scores.size()) {
  check_binary(scores, labels);
  std::iota(order_.begin(), order_.end(), 0);
  const auto score = [scores](int32_t row) { return scores[static_cast<size_t>(row)]; };
  std::ranges::sort(order_, std::ranges::greater(), score);
  for (size_t i = 0; i < order_.size(); ++i) {
    positive_[i] = labels[static_cast<size_t>(order_[i])] == 1;
    thresholds_[i] = score(order_[i]);
  }
  for (size_t i = 0; i < order_.size(); ++i) {
    last_[i] = i + 1 == order_.size() || thresholds_[i + 1] != thresholds_[i];
  }
}

template <typename Visit>
void RankedScores::for_each_threshold(Weights weights, Visit visit) const {
  int64_t positives = 0;
  int64_t all = 0;
  for (size_t i = 0; i < order_.size(); ++i) {
    const int64_t weight = weights[static_cast<size_t>(order_[i])];
    positives += weight * positive_[i];
    all += weight;
    if (!last_[i]) continue;
    visit(positives, all - positives, thresholds_[i]);
    positives = all = 0;
  }
}

double RankedScores::roc_auc(Weights weights) const {
  // AUC = Σ_thresholds N (P_above + ½ P_here) / (P N); in integers, twice the numerator is exact
  int64_t twice_wins = 0;
  int64_t positives = 0;
  int64_t negatives = 0;
  for_each_threshold(weights, [&](int64_t positives_here, int64_t negatives_here, double) {
    twice_wins += negatives_here * (2 * positives + positives_here);
    positives += positives_here;
    negatives += negatives_here;
  });
  if (positives == 0 || negatives == 0) return kUndefined;
  return static_cast<double>(twice_wins) /
         (2 * static_cast<double>(positives) * static_cast<double>(negatives));
}

double RankedScores::average_precision(Weights weights) const {
  // AP = Σ_n (R_n − R_{n−1}) P_n,   R_n − R_{n−1} = (positives at threshold n) / (all positives)
  double gained = 0;
  int64_t positives = 0;
  int64_t called = 0;
  for_each_threshold(weights, [&](int64_t positives_here, int64_t negatives_here, double) {
    positives += positives_here;
    called += positives_here + negatives_here;
    if (positives_here == 0) return;
    gained += static_cast<double>(positives_here) * rate(positives, called);
  });
  return positives == 0 ? kUndefined : gained / static_cast<double>(positives);
}

std::vector<RocPoint> RankedScores::roc_curve() const {
  const int64_t all_positives = std::ranges::count(positive_, 1);
  const int64_t all_negatives = rows() - all_positives;
  int64_t positives = 0;
  int64_t negatives = 0;
  const auto point = [&](double threshold) {
    return RocPoint{.threshold = threshold,
                    .false_positive_rate = rate(negatives, all_negatives),
                    .true_positive_rate = rate(positives, all_positives)};
  };
  std::vector<RocPoint> curve{point(std::numeric_limits<double>::infinity())};
  for_each_threshold(unit_weights(rows()),
                     [&](int64_t positives_here, int64_t negatives_here, double threshold) {
                       positives += positives_here;
                       negatives += negatives_here;
                       curve.push_back(point(threshold));
                     });
  return curve;
}

RankedClasses::RankedClasses(const ScoreMatrix& scores, std::span<const int64_t> labels) {
  check_scores(scores);
  check_same_rows("rows of scores", static_cast<size_t>(scores.rows), "labels", labels.size());
  check_classes("label", labels, scores.classes);
  for (int64_t c = 0; c < scores.classes; ++c) {
    std::vector<int64_t> is_class(labels.size());
    std::ranges::transform(labels, is_class.begin(),
                           [c](int64_t label) { return static_cast<int64_t>(label == c); });
    classes_.emplace_back(column(scores, c), is_class);
  }
}

double RankedClasses::roc_auc(Weights weights) const {
  double sum = 0;
  int64_t defined = 0;
  for (const RankedScores& one_vs_rest : classes_) {
    const double auc = one_vs_rest.roc_auc(weights);
    if (auc != auc) continue;
    sum += auc;
    ++defined;
  }
  return defined == 0 ? kUndefined : sum / static_cast<double>(defined);
}

double roc_auc(std::span<const double> scores, std::span<const int64_t> labels) {
  return RankedScores(scores, labels).roc_auc(unit_weights(std::ssize(scores)));
}

double roc_auc(const ScoreMatrix& scores, std::span<const int64_t> labels) {
  return RankedClasses(scores, labels).roc_auc(unit_weights(scores.rows));
}

double average_precision(std::span<const double> scores, std::span<const int64_t> labels) {
  return RankedScores(scores, labels).average_precision(unit_weights(std::ssize(scores)));
}

std::vector<RocPoint> roc_curve(std::span<const double> scores, std::span<const int64_t> labels) {
  return RankedScores(scores, labels).roc_curve();
}

std::vector<double> column(const ScoreMatrix& scores, int64_t index) {
  std::vector<double> values(static_cast<size_t>(scores.rows));
  for (int64_t i = 0; i < scores.rows; ++i) {
    values[static_cast<size_t>(i)] = scores.row(i)[static_cast<size_t>(index)];
  }
  return values;
}

}  // namespace relata::metrics
