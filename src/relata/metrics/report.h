// Everything one wants to know about a classifier on a test set: counts, and each metric with its
// confidence interval.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "relata/metrics/bootstrap.h"
#include "relata/metrics/scores.h"

namespace relata::metrics {

struct NamedInterval {
  std::string name;
  Interval value;
};

struct ClassSupport {
  std::string name;
  int64_t rows = 0;       ///< rows of the class in truth
  int64_t predicted = 0;  ///< rows predicted as the class
};

struct ClassificationReport {
  int64_t rows = 0;
  std::vector<ClassSupport> classes;
  std::vector<NamedInterval> metrics;  ///< in the order in which they are to be shown

  /// Throws Error, listing the names there are, if there is no such metric.
  const Interval& at(const std::string& name) const;
};

struct ReportOptions {
  std::vector<std::string> class_names = {};  ///< one per class; empty: "0", "1", …
  BootstrapOptions bootstrap = {};            ///< resamples, level, seed, groups
};

/// accuracy, balanced_accuracy, f1_binary, f1_macro, f1_weighted, matthews_correlation, roc_auc,
/// average_precision, brier, ece, log_loss, all from the same resamples.
///   Two classes: roc_auc, average_precision and brier are of P(class 1).
///   More: no f1_binary and no average_precision; roc_auc is macro one-vs-rest, brier sums classes.
/// The prediction is argmax, the lowest index on ties. Classes may be absent from `labels` [rows];
/// a metric that is then undefined is NaN.
/// Throws Error for a single class, names that are not one a class, and as brier and bootstrap do.
ClassificationReport classification_report(const ScoreMatrix& probabilities,
                                           std::span<const int64_t> labels,
                                           const ReportOptions& options = {});

}  // namespace relata::metrics
