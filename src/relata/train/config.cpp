#include "relata/train/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "relata/base/error.h"

namespace relata::train {

void describe(Fields& fields, OptimizerConfig& c) {
  using Kind = OptimizerConfig::Kind;
  fields.choice("kind", c.kind,
                {{"adam", Kind::kAdam}, {"adamw", Kind::kAdamW}, {"sgd", Kind::kSgd}},
                "adam and sgd put weight decay into the gradient, adamw decouples it");
  fields.value("lr", c.lr, "learning rate", {.low = 0});
  fields.value("weight_decay", c.weight_decay, "weight decay", {.low = 0});
  fields.value("beta1", c.beta1, "decay of the first moment", {.low = 0, .high = 1});
  fields.value("beta2", c.beta2, "decay of the second moment", {.low = 0, .high = 1});
  fields.value("epsilon", c.epsilon, "added to the root of the second moment", {.low = 0});
  fields.value("momentum", c.momentum, "sgd only", {.low = 0, .high = 1});
}

void describe(Fields& fields, ScheduleConfig& c) {
  using Kind = ScheduleConfig::Kind;
  fields.choice("kind", c.kind,
                {{"constant", Kind::kConstant}, {"step", Kind::kStep}, {"cosine", Kind::kCosine}},
                "how the learning rate moves");
  fields.value("step_epochs", c.step_epochs, "step: epochs between changes", {.low = 1});
  fields.value("factor", c.factor, "step: factor of each change", {.low = 0});
  fields.value("final_fraction", c.final_fraction, "cosine: last rate as a fraction of lr",
               {.low = 0, .high = 1});
  fields.value("warmup_steps", c.warmup_steps, "linear warm-up, in steps", {.low = 0});
}

void describe(Fields& fields, SelectionConfig& c) {
  fields.choice("rule", c.rule,
                {{"last", Selection::kLast},
                 {"best_validation", Selection::kBestValidation},
                 {"cross_validated", Selection::kCrossValidated}},
                "which weights become the model");
  fields.value("metric", c.metric, "what the rule compares");
  fields.value("larger_is_better", c.larger_is_better, "direction of the metric");
  fields.value("patience", c.patience,
               "best_validation: evaluations without improvement before stopping, 0: never",
               {.low = 0});
  fields.value("grid", c.grid, "cross_validated: candidate epochs are its multiples", {.low = 1});
  fields.value("smooth", c.smooth, "cross_validated: width of the centred mean, odd", {.low = 1});
  if (c.smooth % 2 == 0) {
    throw Error({.what = fmt::format("'train.select.smooth' must be odd, but is {}", c.smooth),
                 .remedy = "a centred mean has as many points before as behind"});
  }
}

void describe(Fields& fields, EvaluationConfig& c) {
  fields.value("every", c.every, "epochs between evaluations, 0: only the last", {.low = 0});
  fields.value("splits", c.splits, "splits to score while training; empty: the validation split");
}

void describe(Fields& fields, CheckpointConfig& c) {
  fields.value("every_epochs", c.every_epochs, "0: by time alone", {.low = 0});
  fields.value("every_seconds", c.every_seconds, "0: by epochs alone", {.low = 0});
}

void describe(Fields& fields, TrainConfig& c) {
  fields.value("epochs", c.epochs, "epochs that the schedule is made for", {.low = 1});
  fields.value("stop_after", c.stop_after, "run only so many of them, 0: all", {.low = 0});
  fields.value("batch", c.batch, "rows a step, 0: the whole split", {.low = 0});
  fields.value("micro_batch", c.micro_batch, "rows a pass, 0: the whole batch", {.low = 0});
  fields.choice(
      "accumulation", c.accumulation,
      {{"exact", Accumulation::kExact}, {"mean", Accumulation::kMean}, {"sum", Accumulation::kSum}},
      "how micro-batches add up");
  fields.choice("precision", c.precision,
                {{"fp32", nn::Precision::kFp32}, {"bf16", nn::Precision::kBf16}},
                "of products while training; weights, logits and losses stay fp32");
  fields.value("shuffle", c.shuffle, "a new order of rows each epoch");
  fields.value("drop_last", c.drop_last, "leave out the last batch if it is not full");
  fields.value("clip_norm", c.clip_norm, "largest gradient norm, 0: off", {.low = 0});
  fields.group("optimizer", c.optimizer);
  fields.group("schedule", c.schedule);
  fields.group("select", c.select);
  fields.group("evaluate", c.evaluate);
  fields.group("checkpoint", c.checkpoint);
  fields.value("loader_threads", c.loader_threads, "threads that prepare batches, 0: none",
               {.low = 0, .high = 64});
}

double schedule_factor(const ScheduleConfig& c, const Progress& progress, int64_t steps_per_epoch) {
  const auto step = static_cast<double>(progress.step);
  if (progress.step < c.warmup_steps) return (step + 1) / static_cast<double>(c.warmup_steps);
  switch (c.kind) {
    case ScheduleConfig::Kind::kConstant:
      return 1;
    case ScheduleConfig::Kind::kStep: {
      const int64_t steps = progress.epoch / c.step_epochs;
      return std::pow(c.factor, static_cast<double>(steps));
    }
    case ScheduleConfig::Kind::kCosine: {
      const auto total = static_cast<double>(progress.epochs * steps_per_epoch - c.warmup_steps);
      const double done =
          std::clamp((step - static_cast<double>(c.warmup_steps)) / std::max(total, 1.0), 0.0, 1.0);
      return c.final_fraction +
             (1 - c.final_fraction) * 0.5 * (1 + std::cos(std::numbers::pi * done));
    }
  }
  return 1;
}

}  // namespace relata::train
