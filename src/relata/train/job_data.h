// The rows that a job trains on and scores, and what must hold of them before anything is written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "relata/data/dataset.h"
#include "relata/train/recipe.h"
#include "relata/train/run_folder.h"
#include "relata/train/trainer.h"

namespace relata::train {

/// One fold of one repeat; the repeat is the seed of the split.
struct FoldSpec {
  int64_t repeat = 0;
  int64_t fold = 0;
};

struct JobSpec {
  Recipe recipe;
  std::filesystem::path data;
  data::OpenOptions open;
  std::filesystem::path out;
  int64_t seed = 0;
  std::optional<FoldSpec> fold;
  Resume resume = Resume::kNo;
  bool checked = false;  ///< check_job has been called for this recipe and data
};

struct JobData {
  std::shared_ptr<const data::Dataset> dataset;
  TrainData train;
  /// Scored with the selected weights, by name: every split but that of training; of classifiers,
  /// those with a label.
  std::vector<std::pair<std::string, data::View>> final_splits;
};
JobData open_job_data(const JobSpec& spec);

/// The name of the dataset's validation split ("val", "dev" or "validation"), or empty.
std::string validation_split(const data::Dataset& dataset);

/// The label that the recipe's system classifies by; empty if it does not classify.
std::string class_label(const Recipe& recipe, const data::View& train);

/// The recipe, and a hash of which records, in which groups and classes, stand in which split: what
/// a resumed run must find again.
std::string run_config(const Recipe& recipe, const data::Dataset& dataset);

/// What would end a job long after it began is refused here: rows that cannot be scored, a rule of
/// selection without its split, folds or metric. `system` is fitted and built.
void check_job(const Recipe& recipe, const JobData& data, System& system);

}  // namespace relata::train
