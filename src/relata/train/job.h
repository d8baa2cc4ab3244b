// One job: one seed (and one fold, perhaps) of a recipe, from data to a finished run folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "relata/data/dataset.h"
#include "relata/train/model_folder.h"
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
};

/// The rows a job trains on and scores.
struct JobData {
  std::shared_ptr<const data::Dataset> dataset;
  TrainData train;
  /// Scored with the selected weights, by name.
  std::vector<std::pair<std::string, data::View>> final_splits;
};
JobData open_job_data(const JobSpec& spec);

/// The label that the recipe's system classifies by; empty if it does not classify.
std::string class_label(const Recipe& recipe, const data::View& train);

/// The name of the dataset's validation split ("val", "dev" or "validation"), or empty.
std::string validation_split(const data::Dataset& dataset);

/// Trains, scores, saves the model, predictions, result.json and report.html. A job whose
/// result.json is there is finished and does nothing when resumed. Throws Error, or Interrupted.
void run_job(const JobSpec& spec);

}  // namespace relata::train
