// Everything about training that is not the method: batches, optimiser, schedule, evaluation,
// selection.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "relata/base/config.h"
#include "relata/train/step.h"

namespace relata::train {

struct OptimizerConfig {
  enum class Kind { kAdam, kAdamW, kSgd };
  Kind kind = Kind::kAdamW;
  double lr = 1e-3;
  double weight_decay = 0;  ///< L2 in the gradient for adam and sgd, decoupled for adamw
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double momentum = 0;  ///< sgd only
};
void describe(Fields& fields, OptimizerConfig& config);

struct ScheduleConfig {
  enum class Kind { kConstant, kStep, kCosine };
  Kind kind = Kind::kConstant;
  int64_t step_epochs = 1;    ///< step: the rate is multiplied by `factor` every so many epochs
  double factor = 0.1;        ///< step
  double final_fraction = 0;  ///< cosine: where the rate ends, as a fraction of lr
  int64_t warmup_steps = 0;   ///< linear from lr / warmup_steps
};
void describe(Fields& fields, ScheduleConfig& config);

/// Which weights become the model.
enum class Selection {
  kLast,            ///< those of the last epoch: nothing is selected
  kBestValidation,  ///< those of the epoch with the best metric on the validation split
  kCrossValidated,  ///< those of an epoch that cross-validation inside the training split chose
                    ///< beforehand
};

struct SelectionConfig {
  Selection rule = Selection::kLast;
  std::string metric = "accuracy";
  bool larger_is_better = true;
  int64_t patience =
      0;  ///< best_validation: stop after so many evaluations without improvement; 0: never
  int64_t grid = 10;  ///< cross_validated: candidate epochs are the multiples of this
  int64_t smooth =
      5;  ///< cross_validated: width of the centred mean over candidates, cut at the ends
};
void describe(Fields& fields, SelectionConfig& config);

struct EvaluationConfig {
  int64_t every = 1;  ///< epochs; the last epoch is always evaluated; 0: only the last
  std::vector<std::string> splits;  ///< empty: the validation split if there is one
};
void describe(Fields& fields, EvaluationConfig& config);

struct CheckpointConfig {
  int64_t every_epochs = 0;    ///< 0: by time alone
  double every_seconds = 120;  ///< 0: by epochs alone
};
void describe(Fields& fields, CheckpointConfig& config);

struct TrainConfig {
  // Changes results.
  int64_t epochs = 100;
  int64_t batch = 0;        ///< rows a step; 0: the whole split
  int64_t micro_batch = 0;  ///< rows a pass; 0: the whole batch
  Accumulation accumulation = Accumulation::kExact;
  nn::Precision precision = nn::Precision::kFp32;  ///< of products in the forward and backward pass
  bool shuffle = true;
  bool drop_last = false;
  double clip_norm = 0;  ///< 0: off
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
  SelectionConfig select;
  // Changes only how far it goes, what is recorded, and speed.
  int64_t stop_after = 0;  ///< run only so many of the scheduled epochs; 0: all
  EvaluationConfig evaluate;
  CheckpointConfig checkpoint;
  int64_t loader_threads = 1;
};
void describe(Fields& fields, TrainConfig& config);

/// The factor of the learning rate at a step; a pure function, so resuming replays nothing.
double schedule_factor(const ScheduleConfig& config, const Progress& progress,
                       int64_t steps_per_epoch);

}  // namespace relata::train
