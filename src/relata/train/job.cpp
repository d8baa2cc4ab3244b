#include "relata/train/job.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <chrono>

#include "relata/base/error.h"
#include "relata/base/log.h"
#include "relata/base/parallel.h"
#include "relata/data/split.h"
#include "relata/io/npy.h"
#include "relata/metrics/calibration.h"
#include "relata/train/class_metrics.h"
#include "relata/train/model_card.h"
#include "relata/train/result.h"
#include "relata/train/run_report.h"
#include "relata/train/scoring.h"

namespace relata::train {
namespace {

namespace fs = std::filesystem;

/// Cuts the training split into the rows outside and inside one fold.
std::pair<data::View, data::View> cut_fold(const data::View& train, const std::string& label,
                                           const Folds& folds, const FoldSpec& spec) {
  std::vector<int64_t> labels;
  std::vector<std::string> groups;
  for (int64_t i = 0; i < train.size(); ++i) {
    labels.push_back(train.class_label(i, label));
    groups.push_back(train.group(i));
  }
  const auto fold_of =
      data::stratified_folds(labels, groups, folds.count, static_cast<uint64_t>(spec.repeat));
  std::vector<int64_t> outside, inside;
  for (int64_t i = 0; i < train.size(); ++i) {
    (fold_of[static_cast<size_t>(i)] == spec.fold ? inside : outside).push_back(i);
  }
  return {train.select(outside), train.select(inside)};
}

std::string selection_text(const Recipe& recipe, const TrainResult& result) {
  const SelectionConfig& select = recipe.train.select;
  switch (select.rule) {
    case Selection::kLast:
      return fmt::format("epoch {}, the last; nothing was selected", result.selected_epoch);
    case Selection::kBestValidation:
      return fmt::format("epoch {}, the best {} on the validation split", result.selected_epoch,
                         select.metric);
    case Selection::kCrossValidated:
      return fmt::format(
          "epoch {}, chosen by {}x{} cross-validation inside the training split ({})",
          result.selected_epoch, recipe.folds.count, recipe.folds.repeats, select.metric);
  }
  return "";
}

/// A temperature from the validation split, where there is one; otherwise probabilities stay as
/// they are, and say so.
Calibration calibrate(System& system, const JobData& data) {
  auto* classifier = dynamic_cast<Classifies*>(&system);
  if (classifier == nullptr || data.train.validation.empty()) return {};
  for (const auto& [name, view] : data.train.evaluated) {
    if (name != data.train.validation) continue;
    const Labelled scored(classifier->classify(view, {}));
    return {.temperature = metrics::fit_temperature(scored.logits.view(), scored.labels),
            .fitted_on = name};
  }
  return {};
}

void save_logits(const fs::path& folder, const std::string& split, const torch::Tensor& logits) {
  fs::create_directories(folder);
  const torch::Tensor dense = logits.to(torch::kFloat64).contiguous();
  io::write_npy(folder / (split + ".logits.npy"), io::DType::kF64, dense.sizes().vec(),
                {static_cast<const std::byte*>(dense.const_data_ptr()), dense.nbytes()});
}

/// Scores every final split: into `result`, the logits into files, and, of classifiers, the answers
/// by split.
std::map<std::string, ScoredClassifier> score_splits(System& system, const JobData& data,
                                                     const Calibration& calibration,
                                                     const fs::path& predictions,
                                                     JobResult& result) {
  std::map<std::string, ScoredClassifier> answers;
  for (const auto& [name, view] : data.final_splits) {
    const Evaluation evaluation = system.evaluate(view);
    result.splits.push_back(
        {.split = name, .rows = evaluation.rows, .metrics = evaluation.metrics, .intervals = {}});
    auto* classifier = dynamic_cast<Classifies*>(&system);
    if (classifier == nullptr) continue;
    const auto classified = classifier->classify(view, {});
    save_logits(predictions, name, classified.logits);
    const auto scored =
        answers.emplace(name, score_classifier(classified, calibration, view)).first;
    result.splits.back().intervals = scored->second.report;
  }
  return answers;
}

void refuse_unlabelled_evaluation(const JobSpec& spec) {
  const SelectionConfig& select = spec.recipe.train.select;
  if (select.rule == Selection::kCrossValidated && !spec.fold &&
      spec.recipe.train.stop_after == 0) {
    throw Error(
        {.what =
             "train.select.rule=cross_validated chooses the epoch before a job starts, from folds",
         .where = "train.select.rule",
         .remedy = "set folds=5x5 and run it with `relata train`, or choose another rule"});
  }
}

}  // namespace

std::string validation_split(const data::Dataset& dataset) {
  for (const char* name : {"val", "dev", "validation"}) {
    if (dataset.has_split(name)) return name;
  }
  return "";
}

std::string class_label(const Recipe& recipe, const data::View& train) {
  const std::unique_ptr<System> system = recipe.make_system();
  const auto* classifier = dynamic_cast<const Classifies*>(system.get());
  return classifier == nullptr ? "" : classifier->labelled_vectors(train).label;
}

JobData open_job_data(const JobSpec& spec) {
  JobData data;
  data.dataset = data::Dataset::open(spec.data, spec.open);
  const std::string& train_split = spec.recipe.train_split;
  if (!data.dataset->has_split(train_split)) {
    throw Error(
        {.what = fmt::format("has no split '{}'", train_split),
         .where = spec.data.string(),
         .remedy = fmt::format("it has {}; cut it with --split 80/20, or name one: train_split=…",
                               fmt::join(data.dataset->splits(), ", "))});
  }
  data.train.train = data.dataset->split(train_split);
  if (spec.fold) {
    const std::string label = class_label(spec.recipe, data.train.train);
    if (label.empty()) {
      throw Error({.what = "folds are balanced by class, and '" + spec.recipe.system +
                           "' does not classify",
                   .where = "folds"});
    }
    auto [outside, inside] = cut_fold(data.train.train, label, spec.recipe.folds, *spec.fold);
    data.train.train = outside;
    data.train.evaluated.emplace_back("val", inside);
    data.train.validation = "val";
    data.final_splits = {{"val", inside}};
    return data;
  }
  data.train.validation = validation_split(*data.dataset);
  std::vector<std::string> watched = spec.recipe.train.evaluate.splits;
  if (watched.empty() && !data.train.validation.empty()) watched.push_back(data.train.validation);
  for (const std::string& name : watched)
    data.train.evaluated.emplace_back(name, data.dataset->split(name));
  for (const std::string& name : data.dataset->splits()) {
    if (name != train_split) data.final_splits.emplace_back(name, data.dataset->split(name));
  }
  if (data.final_splits.empty()) data.final_splits.emplace_back(train_split, data.train.train);
  return data;
}

void run_job(const JobSpec& spec) {
  const auto started = std::chrono::steady_clock::now();
  refuse_unlabelled_evaluation(spec);
  const JobData data = open_job_data(spec);
  check_selection(spec.recipe.train, data.train);
  torch::manual_seed(static_cast<uint64_t>(spec.seed));
  std::unique_ptr<System> system = spec.recipe.make_system();
  const State state = system->fit(data.train.train);
  system->build(state);

  const std::string fold =
      spec.fold ? fmt::format("{}/{}", spec.fold->repeat, spec.fold->fold) : "";
  RunFolder run(spec.out, spec.recipe.yaml() + fmt::format("# seed {} fold {}\n", spec.seed, fold),
                spec.resume);
  if (fs::exists(run.result())) {
    spdlog::info("{}: finished already", spec.out.string());
    return;
  }
  const TrainResult trained =
      train(*system, state, spec.recipe.train, data.train, run, static_cast<uint64_t>(spec.seed));
  const Calibration calibration = spec.fold ? Calibration{} : calibrate(*system, data);

  JobResult result{.recipe = spec.recipe.name,
                   .config_hash = spec.recipe.hash(),
                   .system = spec.recipe.system,
                   .seed = spec.seed,
                   .fold = fold,
                   .selection = selection_text(spec.recipe, trained),
                   .selected_epoch = trained.selected_epoch,
                   .epochs = trained.epochs,
                   .loss = trained.last_loss.total,
                   .threads = threads()};
  auto answers = score_splits(*system, data, calibration, spec.out / "predictions", result);
  for (const Record& record : run.records()) {
    if (record.kind == Record::Kind::kEvaluation) result.history.push_back(record);
  }
  result.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  if (!spec.fold) {
    const ModelInfo info{.recipe = spec.recipe,
                         .state = state,
                         .seed = spec.seed,
                         .selection = result.selection,
                         .calibration = calibration};
    save_model(run.model(), *system, info, model_card(info, result, data));
    write_run_report(spec.out / "report.html", {.result = result,
                                                .records = run.records(),
                                                .config = spec.recipe.yaml(),
                                                .training_rows = data.train.train.size(),
                                                .calibration = calibration,
                                                .scored = std::move(answers)});
  }
  write_result(run.result(), result);
  // The state has served its purpose: a finished run needs no optimiser moments.
  fs::remove(run.checkpoint());
}

}  // namespace relata::train
