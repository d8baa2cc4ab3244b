// Using a trained model: scores of a split with intervals, and predictions record by record.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "relata/train/model_folder.h"
#include "relata/train/result.h"
#include "relata/train/scoring.h"

namespace relata::train {

struct ApplyOptions {
  std::string split;                 ///< empty: test, else val, else all
  std::vector<std::string> without;  ///< modalities to be treated as missing
};

/// The split that is meant. Throws Error naming those there are.
data::View choose_split(const data::Dataset& dataset, ApplyOptions& options);

/// Throws Error if the model cannot be evaluated on the data.
SplitResult evaluate_model(LoadedModel& model, const data::View& view, const ApplyOptions& options);

/// One subset of the modalities, e.g. "mrna+mirna", and the result when the others are missing.
struct SubsetResult {
  std::string subset;
  SplitResult result;
};
/// Every non-empty subset of the modalities for which each row has something left; at most 8
/// modalities.
std::vector<SubsetResult> evaluate_subsets(LoadedModel& model, const data::View& view,
                                           const ApplyOptions& options);

struct Prediction {
  std::string id;
  std::string predicted;              ///< class name
  std::vector<double> probabilities;  ///< per class, calibrated where the model is
};
std::vector<Prediction> predict(LoadedModel& model, const data::View& view,
                                const ApplyOptions& options);

/// JSON Lines: {"id", "predicted", "probabilities": {class: p}, "calibrated"}. Atomic.
void write_predictions(const std::filesystem::path& file,
                       const std::vector<Prediction>& predictions, const LoadedModel& model);

}  // namespace relata::train
