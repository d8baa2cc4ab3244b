#include "relata/train/epoch_choice.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "relata/base/error.h"

namespace relata::train {
namespace {

/// Epoch → value of the metric, at the candidate epochs of one job.
std::map<int64_t, double> curve_of(const JobResult& job, const SelectionConfig& select) {
  std::map<int64_t, double> curve;
  for (const Record& record : job.history) {
    if (record.epoch % select.grid != 0) continue;
    for (const Metric& metric : record.metrics) {
      if (metric.name == select.metric) curve[record.epoch] = metric.value;
    }
  }
  return curve;
}

}  // namespace

std::vector<double> centred_mean(const std::vector<double>& values, int64_t width) {
  const auto size = static_cast<int64_t>(values.size());
  const int64_t half = width / 2;
  std::vector<double> means;
  for (int64_t i = 0; i < size; ++i) {
    const int64_t low = std::max<int64_t>(0, i - half);
    const int64_t high = std::min(size - 1, i + half);
    double sum = 0;
    for (int64_t j = low; j <= high; ++j) sum += values[static_cast<size_t>(j)];
    means.push_back(sum / static_cast<double>(high - low + 1));
  }
  return means;
}

EpochChoice choose_epoch(const std::vector<JobResult>& folds, const SelectionConfig& select) {
  EpochChoice choice;
  std::map<int64_t, double> sum;
  for (const JobResult& job : folds) {
    const auto curve = curve_of(job, select);
    if (!sum.empty() && curve.size() != sum.size()) {
      throw Error({.what = fmt::format("fold {} has {} candidate epochs, the first {}", job.fold,
                                       curve.size(), sum.size())});
    }
    for (const auto& [epoch, value] : curve)
      sum[epoch] += value / static_cast<double>(folds.size());
  }
  for (const auto& [epoch, mean] : sum) {
    if (std::isnan(mean)) {
      throw Error(
          {.what = fmt::format("'{}' is undefined at epoch {} of a fold", select.metric, epoch),
           .where = "train.select.metric"});
    }
    choice.candidates.push_back(epoch);
    choice.mean.push_back(mean);
  }
  if (choice.candidates.empty()) {
    throw Error({.what = "the folds hold no value of '" + select.metric + "'",
                 .where = "train.select.metric"});
  }
  choice.smoothed = centred_mean(choice.mean, select.smooth);
  size_t best = 0;
  for (size_t i = 1; i < choice.smoothed.size(); ++i) {
    const bool better = select.larger_is_better ? choice.smoothed[i] > choice.smoothed[best]
                                                : choice.smoothed[i] < choice.smoothed[best];
    if (better) best = i;  // strictly: the earliest wins on ties
  }
  choice.epoch = choice.candidates[best];
  choice.score = choice.smoothed[best];
  return choice;
}

}  // namespace relata::train
