// report.html of one run: curves, confusion matrix, ROC, reliability, metrics with intervals,
// configuration.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "relata/report/page.h"
#include "relata/train/result.h"
#include "relata/train/scoring.h"

namespace relata::train {

struct RunReport {
  const JobResult& result;
  std::vector<Record> records;  ///< all of metrics.jsonl
  std::string config;           ///< the resolved recipe
  int64_t training_rows = 0;
  Calibration calibration;
  std::map<std::string, ScoredClassifier> scored;  ///< split → its answers, of classifiers
};

void write_run_report(const std::filesystem::path& file, const RunReport& run);

/// Confusion matrix, ROC curves and reliability diagram of a scored classifier.
void add_classifier_figures(report::Content& section, const ScoredClassifier& scored);

}  // namespace relata::train
