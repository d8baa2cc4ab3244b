#include "relata/train/apply.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/base/log.h"
#include "relata/io/json.h"
#include "relata/train/job.h"

namespace relata::train {
namespace {

constexpr size_t kMostSubsetRoles = 8;

Classifies& classifier_of(LoadedModel& model) {
  auto* classifier = dynamic_cast<Classifies*>(model.system.get());
  if (classifier == nullptr) {
    throw Error({.what = "a model of '" + model.system->name() + "' does not classify",
                 .remedy = "see `relata info MODEL`"});
  }
  return *classifier;
}

/// True if every row has at least one of the fields.
bool covers(const data::View& view, const std::vector<std::string>& fields) {
  for (int64_t i = 0; i < view.size(); ++i) {
    if (std::none_of(fields.begin(), fields.end(),
                     [&](const auto& field) { return view.present(i, field); })) {
      return false;
    }
  }
  return true;
}

}  // namespace

data::View choose_split(const data::Dataset& dataset, ApplyOptions& options) {
  if (options.split.empty()) {
    const std::string validation = validation_split(dataset);
    options.split = dataset.has_split("test") ? "test" : validation.empty() ? "all" : validation;
  }
  if (options.split == "all" && !dataset.has_split("all")) return dataset.all();
  return dataset.split(options.split);
}

SplitResult evaluate_model(LoadedModel& model, const data::View& view,
                           const ApplyOptions& options) {
  SplitResult result{.split = options.split, .metrics = {}, .intervals = {}};
  if (auto* classifier = dynamic_cast<Classifies*>(model.system.get())) {
    const auto classified = classifier->classify(view, options.without);
    result.intervals = score_classifier(classified, model.info.calibration, view).report;
    result.rows = result.intervals->rows;
    return result;
  }
  const Evaluation evaluation = model.system->evaluate(view);
  result.rows = evaluation.rows;
  result.metrics = evaluation.metrics;
  return result;
}

std::vector<SubsetResult> evaluate_subsets(LoadedModel& model, const data::View& view,
                                           const ApplyOptions& options) {
  const std::vector<std::string> roles = classifier_of(model).roles();
  const std::vector<std::string> fields = classifier_of(model).labelled_vectors(view).fields;
  if (roles.size() > kMostSubsetRoles) {
    throw Error({.what = fmt::format("{} modalities have too many subsets to score", roles.size()),
                 .remedy = "name the missing ones: --without a,b"});
  }
  std::vector<SubsetResult> results;
  for (size_t mask = (size_t{1} << roles.size()) - 1; mask > 0; --mask) {
    std::vector<std::string> with, without, seen;
    for (size_t m = 0; m < roles.size(); ++m) {
      const bool in = (mask >> m & 1) != 0;
      (in ? with : without).push_back(roles[m]);
      if (in) seen.push_back(fields[m]);
    }
    if (!covers(view, seen)) {
      spdlog::info("left out {}: some record has none of these", fmt::join(with, "+"));
      continue;
    }
    results.push_back(
        {.subset = fmt::format("{}", fmt::join(with, "+")),
         .result = evaluate_model(model, view, {.split = options.split, .without = without})});
  }
  return results;
}

std::vector<Prediction> predict(LoadedModel& model, const data::View& view,
                                const ApplyOptions& options) {
  const auto classified = classifier_of(model).classify(view, options.without);
  const DenseScores p(probabilities(classified.logits, model.info.calibration.temperature));
  std::vector<Prediction> predictions;
  for (int64_t i = 0; i < p.rows; ++i) {
    const auto row = p.view().row(i);
    predictions.push_back(
        {.id = view.id(i),
         .predicted = classified.classes[static_cast<size_t>(metrics::argmax(row))],
         .probabilities = {row.begin(), row.end()}});
  }
  return predictions;
}

void write_predictions(const std::filesystem::path& file,
                       const std::vector<Prediction>& predictions, const LoadedModel& model) {
  const std::vector<std::string>& classes = model.info.state.facts.at("classes");
  AtomicFile out(file);
  for (const Prediction& prediction : predictions) {
    nlohmann::json by_class = nlohmann::json::object();
    for (size_t c = 0; c < classes.size(); ++c) by_class[classes[c]] = prediction.probabilities[c];
    out.write(io::to_line({{"id", prediction.id},
                           {"predicted", prediction.predicted},
                           {"probabilities", by_class},
                           {"calibrated", !model.info.calibration.fitted_on.empty()}}) +
              "\n");
  }
  out.commit();
}

}  // namespace relata::train
