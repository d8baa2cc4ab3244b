// The one loop: epochs, steps, evaluation, selection, checkpoints, resuming.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "relata/train/config.h"
#include "relata/train/run_folder.h"
#include "relata/train/signals.h"
#include "relata/train/system.h"

namespace relata::train {

struct TrainData {
  data::View train;
  std::vector<std::pair<std::string, data::View>> evaluated;  ///< scored while training, by name
  std::string validation;  ///< which of them selects; empty: none
};

struct TrainResult {
  int64_t epochs = 0;          ///< epochs that were run
  int64_t selected_epoch = 0;  ///< 0-based; the model's weights are those after this epoch
  double best = 0;             ///< the selecting metric there; NaN without selection
  StepLoss last_loss;          ///< mean over the last epoch
};

/// Throws Error if the selection rule needs a validation split that is not there; `train` checks it
/// too.
void check_selection(const TrainConfig& config, const TrainData& data);

/// Throws Error if the metric that selects is missing from an evaluation of `rows`, or undefined.
void check_metric(const SelectionConfig& select, const Evaluation& evaluation,
                  const std::string& rows);

/// Trains `system` (fitted and built) and leaves the selected weights in it. A run folder with a
/// checkpoint is resumed from it; the final weights are then the same, bit for bit, as those of an
/// uninterrupted run on the same machine, build and thread count. Throws Interrupted after a
/// signal, Error for a loss that is not finite.
TrainResult train(System& system, const State& state, const TrainConfig& config,
                  const TrainData& data, RunFolder& run, uint64_t seed);

}  // namespace relata::train
