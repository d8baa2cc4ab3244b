#include "relata/metrics/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "relata/base/error.h"
#include "relata/metrics/calibration.h"
#include "relata/metrics/classification.h"
#include "relata/metrics/ranking.h"

namespace relata::metrics {
namespace {

constexpr int64_t kBinary = 2;

/// What one call on weighted rows computes, and under which names.
struct MetricSet {
  std::vector<std::string> names;
  WeightedMetrics values;
};

/// The metrics of predicted classes; they share one pass over the rows.
MetricSet of_predictions(std::vector<int64_t> predictions, std::span<const int64_t> labels,
                         int64_t classes) {
  using Metric = double (*)(const ClassCounts&);
  std::vector<std::pair<std::string, Metric>> parts{{"accuracy", accuracy},
                                                    {"balanced_accuracy", balanced_accuracy}};
  if (classes == kBinary) parts.push_back({"f1_binary", f1_binary});
  parts.insert(parts.end(), {{"f1_macro", f1_macro},
                             {"f1_weighted", f1_weighted},
                             {"matthews_correlation", matthews_correlation}});
  MetricSet set;
  std::vector<Metric> metrics;
  for (const auto& [name, metric] : parts) {
    set.names.push_back(name);
    metrics.push_back(metric);
  }
  set.values = [=, predictions = std::move(predictions)](Weights weights) {
    const ClassCounts counts = count_classes(predictions, labels, weights, classes);
    std::vector<double> values;
    for (const Metric metric : metrics) values.push_back(metric(counts));
    return values;
  };
  return set;
}

MetricSet of_ranks(const ScoreMatrix& probabilities, std::span<const int64_t> labels) {
  if (probabilities.classes != kBinary) {
    return {.names = {"roc_auc"},
            .values = [ranked = RankedClasses(probabilities, labels)](Weights weights) {
              return std::vector{ranked.roc_auc(weights)};
            }};
  }
  return {.names = {"roc_auc", "average_precision"},
          .values = [ranked = RankedScores(column(probabilities, 1), labels)](Weights weights) {
            return std::vector{ranked.roc_auc(weights), ranked.average_precision(weights)};
          }};
}

MetricSet of_probabilities(const ScoreMatrix& probabilities, std::span<const int64_t> labels) {
  // Binary Brier score: (p − y)² = ½ Σ_c (p_c − y_c)²
  const double brier_scale = probabilities.classes == kBinary ? 0.5 : 1;
  return {.names = {"brier", "ece", "log_loss"},
          .values = [brier_scale, brier_rows = brier_of_rows(probabilities, labels),
                     confidences = Confidences(probabilities, labels),
                     losses = log_loss_of_rows(probabilities, labels)](Weights weights) {
            return std::vector{brier_scale * weighted_mean(brier_rows, weights),
                               confidences.ece(weights), weighted_mean(losses, weights)};
          }};
}

std::vector<std::string> class_names(const ReportOptions& options, int64_t classes) {
  if (options.class_names.empty()) {
    std::vector<std::string> numbers;
    for (int64_t c = 0; c < classes; ++c) numbers.push_back(std::to_string(c));
    return numbers;
  }
  if (std::ssize(options.class_names) != classes) {
    throw Error({.what = fmt::format("there are {} class names for {} classes",
                                     options.class_names.size(), classes)});
  }
  return options.class_names;
}

std::vector<ClassSupport> supports(std::vector<std::string> names, const ClassCounts& counts) {
  std::vector<ClassSupport> classes;
  for (size_t c = 0; c < names.size(); ++c) {
    classes.push_back(
        {.name = std::move(names[c]), .rows = counts.support[c], .predicted = counts.predicted[c]});
  }
  return classes;
}

}  // namespace

const Interval& ClassificationReport::at(const std::string& name) const {
  std::vector<std::string> names;
  for (const NamedInterval& metric : metrics) {
    if (metric.name == name) return metric.value;
    names.push_back(metric.name);
  }
  throw Error({.what = fmt::format("the report has no metric '{}'", name),
               .remedy = fmt::format("it has {}", fmt::join(names, ", "))});
}

ClassificationReport classification_report(const ScoreMatrix& probabilities,
                                           std::span<const int64_t> labels,
                                           const ReportOptions& options) {
  if (probabilities.classes < kBinary) {
    throw Error({.what = fmt::format("a classifier has at least two classes, these scores have {}",
                                     probabilities.classes)});
  }
  auto names = class_names(options, probabilities.classes);
  const auto calibration = of_probabilities(probabilities, labels);  // first: it checks all inputs
  const auto predictions = argmax(probabilities);
  const std::vector sets{of_predictions(predictions, labels, probabilities.classes),
                         of_ranks(probabilities, labels), calibration};
  const auto all = [&sets](Weights weights) {
    std::vector<double> values;
    for (const MetricSet& set : sets) {
      const auto part = set.values(weights);
      values.insert(values.end(), part.begin(), part.end());
    }
    return values;
  };
  const auto intervals = bootstrap_all(all, probabilities.rows, options.bootstrap);

  ClassificationReport report{
      .rows = probabilities.rows,
      .classes = supports(std::move(names),
                          count_classes(predictions, labels, unit_weights(probabilities.rows),
                                        probabilities.classes)),
      .metrics = {}};
  for (const MetricSet& set : sets) {
    for (const auto& name : set.names) {
      report.metrics.push_back({.name = name, .value = intervals[report.metrics.size()]});
    }
  }
  return report;
}

}  // namespace relata::metrics
