// report.html of one run: curves, confusion matrix, ROC, reliability, metrics with intervals,
// configuration.
#pragma once

#include <filesystem>
#include <vector>

#include "relata/report/page.h"
#include "relata/train/job.h"
#include "relata/train/result.h"
#include "relata/train/scoring.h"

namespace relata::train {

struct RunReport {
  const JobResult& result;
  std::vector<Record> records;  ///< all of metrics.jsonl
  std::string config;           ///< the resolved recipe
};

void write_run_report(const std::filesystem::path& file, const RunReport& run, System& system,
                      const JobData& data, const Calibration& calibration);

/// Confusion matrix, ROC curves and reliability diagram of a scored classifier.
void add_classifier_figures(report::Content& section, const ScoredClassifier& scored,
                            const std::vector<std::string>& classes);

}  // namespace relata::train
