// A classifier's answers on a split as a report with intervals.
#pragma once

#include <string>
#include <vector>

#include "relata/metrics/report.h"
#include "relata/train/class_metrics.h"
#include "relata/train/model_folder.h"

namespace relata::train {

struct ScoredClassifier {
  metrics::ClassificationReport report;
  DenseScores probabilities;  ///< of the labelled rows, calibrated
  std::vector<int64_t> labels;
  std::vector<std::string> classes;
};

/// Probabilities are calibrated by the temperature; intervals resample whole groups of the view.
/// Throws Error if no row has a label.
ScoredClassifier score_classifier(const Classifies::Classification& result,
                                  const Calibration& calibration, const data::View& view);

/// Group numbers of rows, as the bootstrap wants them.
std::vector<int64_t> group_numbers(const data::View& view, const std::vector<int64_t>& rows);

}  // namespace relata::train
