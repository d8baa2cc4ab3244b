// What several seeds of one recipe found together: mean ± sample sd, their ensemble, and the
// baselines beside them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "relata/metrics/bootstrap.h"
#include "relata/report/table.h"
#include "relata/train/baselines.h"
#include "relata/train/epoch_choice.h"
#include "relata/train/job.h"
#include "relata/train/result.h"
#include "relata/train/scoring.h"

namespace relata::train {

/// A metric over seeds.
struct SeedMetric {
  std::string name;
  std::vector<double> values;  ///< per seed
  double mean = 0;
  double sd = 0;  ///< sample sd (n − 1), NaN for one seed
};

/// A row with one estimate and its interval.
struct ScoredRow {
  std::string name;
  std::vector<std::pair<std::string, metrics::Interval>> metrics;
};

/// Mean softmax over seeds (of one seed: its answers).
struct Ensemble {
  ScoredRow row;
  ScoredClassifier scored;
  std::optional<double> p_value;  ///< exact McNemar against the first baseline
};

struct Summary {
  std::string recipe;
  std::string config_hash;
  std::string description;
  std::string selection;
  std::string split;
  int64_t rows = 0;
  std::vector<int64_t> seeds;
  std::vector<SeedMetric> over_seeds;
  std::vector<SeedMetric>
      over_folds;  ///< scored on the folds' own held-out rows; empty without folds
  std::optional<Ensemble> ensemble;
  std::vector<ScoredRow> baselines;
  std::optional<EpochChoice> choice;
};

/// The split that a summary is about: the test split, else the last one scored.
std::string summary_split(const JobResult& job);

/// `jobs`: finished seed jobs, with their run folders. `choice`: where cross-validation chose the
/// epoch.
struct SummaryInput {
  const Recipe& recipe;
  const JobData& data;
  std::vector<std::filesystem::path> folders;
  std::vector<JobResult> jobs;
  std::vector<Baseline> baselines;
  std::vector<JobResult> folds;
  std::optional<EpochChoice> choice;
};
Summary summarise(const SummaryInput& input);

report::Table summary_table(const Summary& summary);
/// summary.json of a run, and the page of a run of several jobs.
void write_summary(const std::filesystem::path& folder, const Summary& summary);
void write_summary_page(const std::filesystem::path& file, const Summary& summary,
                        const std::string& config);

}  // namespace relata::train
