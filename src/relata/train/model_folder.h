// A trained model on disk: config.json, model.safetensors with weights and fitted statistics, and a
// model card.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "relata/train/recipe.h"
#include "relata/train/system.h"

namespace relata::train {

struct Calibration {
  double temperature = 1;
  std::string fitted_on;  ///< the split, or empty: uncalibrated
};

struct ModelInfo {
  Recipe recipe;
  State state;
  int64_t seed = 0;
  std::string selection;  ///< the rule in words
  Calibration calibration;
};

/// Writes the folder atomically; replaces an older one of the same run.
void save_model(const std::filesystem::path& folder, System& system, const ModelInfo& info,
                const std::string& card);

struct LoadedModel {
  std::unique_ptr<System> system;
  ModelInfo info;
  std::string weights_hash;
};

/// `path`: a model folder, or a run folder (its model). Throws Error naming what is missing or does
/// not fit.
LoadedModel load_model(const std::filesystem::path& path);

}  // namespace relata::train
