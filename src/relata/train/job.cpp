#include "relata/train/job.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include <chrono>

#include "relata/base/error.h"
#include "relata/base/log.h"
#include "relata/base/parallel.h"
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

/// A temperature from the validation split, where there is one; otherwise probabilities stay as
/// they are, and say so.
Calibration calibrate(System& system, const JobData& data) {
  auto* classifier = dynamic_cast<Classifies*>(&system);
  if (classifier == nullptr || data.train.validation.empty()) return {};
  for (const auto& [name, view] : data.train.evaluated) {
    if (name != data.train.validation) continue;
    const LabelledRows scored(classifier->classify(view, {}));
    return {
        .temperature = metrics::fit_temperature(DenseScores(scored.logits).view(), scored.labels),
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

}  // namespace

std::string selection_rule(const Recipe& recipe) {
  const SelectionConfig& select = recipe.train.select;
  switch (select.rule) {
    case Selection::kLast:
      return "the last; nothing was selected";
    case Selection::kBestValidation:
      return fmt::format("the best {} on the validation split", select.metric);
    case Selection::kCrossValidated:
      return fmt::format("chosen by {}x{} cross-validation inside the training split ({})",
                         recipe.folds.count, recipe.folds.repeats, select.metric);
  }
  return "";
}

void run_job(const JobSpec& spec) { run_job(spec, open_job_data(spec)); }

void run_job(const JobSpec& spec, const JobData& data) {
  const auto started = std::chrono::steady_clock::now();
  Recipe recipe = spec.recipe;
  SelectionConfig& select = recipe.train.select;
  if (spec.fold) {
    // Whatever the rule: an epoch chosen on the rows that a fold is scored on would flatter it.
    select.rule = Selection::kLast;
    recipe.folds = {};
  } else if (select.rule == Selection::kCrossValidated && recipe.train.stop_after == 0) {
    throw Error({.what = "train.select.rule=cross_validated chooses the epoch before a job starts",
                 .where = "train.select.rule",
                 .remedy = "run it with `relata train`, or choose another rule"});
  }
  torch::manual_seed(static_cast<uint64_t>(spec.seed));
  std::unique_ptr<System> system = recipe.make_system();
  const State state = system->fit(data.train.train);
  system->build(state);
  if (!spec.checked) {
    torch::Generator generator = at::detail::getDefaultCPUGenerator();
    const torch::Tensor before = generator.get_state();
    check_job(recipe, data, *system);
    generator.set_state(before);  // the same training, looked at beforehand or not
  }

  const std::string fold =
      spec.fold ? fmt::format("{}/{}", spec.fold->repeat, spec.fold->fold) : "";
  RunFolder run(
      spec.out,
      run_config(spec.recipe, *data.dataset) + fmt::format("# seed {} fold {}\n", spec.seed, fold),
      spec.resume);
  if (fs::exists(run.result())) {
    spdlog::info("{}: finished already", spec.out.string());
    return;
  }
  const TrainResult trained =
      train(*system, state, recipe.train, data.train, run, static_cast<uint64_t>(spec.seed));
  stop_if_asked();
  const Calibration calibration = spec.fold ? Calibration{} : calibrate(*system, data);

  JobResult result{
      .recipe = spec.recipe.name,
      .config_hash = spec.recipe.hash(),
      .system = spec.recipe.system,
      .seed = spec.seed,
      .fold = fold,
      .selection = fmt::format("epoch {}, {}", trained.selected_epoch, selection_rule(recipe)),
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
  fs::remove_all(run.checkpoint().parent_path());
}

}  // namespace relata::train
