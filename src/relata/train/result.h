// result.json: what a finished job found, and how. Written once, last; its presence means
// "finished".
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "relata/metrics/report.h"
#include "relata/train/run_folder.h"
#include "relata/train/system.h"

namespace relata::train {

struct SplitResult {
  std::string split;
  int64_t rows = 0;
  std::vector<Metric> metrics;  ///< System::evaluate with the selected weights
  std::optional<metrics::ClassificationReport> intervals;  ///< of classifiers
};

struct JobResult {
  std::string recipe;
  std::string config_hash;
  std::string system;
  int64_t seed = 0;
  std::string fold;       ///< "repeat/fold", or empty
  std::string selection;  ///< the rule in words
  int64_t selected_epoch = 0;
  int64_t epochs = 0;
  double loss = 0;  ///< mean of the last epoch
  double seconds = 0;
  int64_t threads = 1;
  std::vector<SplitResult> splits;
  std::vector<Record> history;  ///< evaluations while training
};

void write_result(const std::filesystem::path& file, const JobResult& result);
JobResult read_result(const std::filesystem::path& file);

}  // namespace relata::train
