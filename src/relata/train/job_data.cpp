#include "relata/train/job_data.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "relata/base/error.h"
#include "relata/base/hash.h"
#include "relata/base/log.h"
#include "relata/data/split.h"

namespace relata::train {
namespace {

/// Cuts the training split into the rows outside and inside one fold. Rows without a label are
/// spread like a class of their own.
std::pair<data::View, data::View> cut_fold(const data::View& train, const std::string& label,
                                           const Folds& folds, const FoldSpec& spec) {
  const auto classes = static_cast<int64_t>(train.label_spec(label).names.size());
  std::vector<int64_t> labels;
  std::vector<std::string> groups;
  for (int64_t i = 0; i < train.size(); ++i) {
    const int64_t known = train.class_label(i, label);
    labels.push_back(known < 0 ? classes : known);
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

/// The label that folds are balanced by.
std::string label_of_folds(const Recipe& recipe, const data::View& train) {
  const std::string label = class_label(recipe, train);
  if (!label.empty()) return label;
  throw Error({.what = "folds are balanced by class, and '" + recipe.system + "' does not classify",
               .where = "folds"});
}

bool has_labelled_row(const data::View& view, const std::string& label) {
  for (int64_t i = 0; i < view.size(); ++i) {
    if (view.class_label(i, label) >= 0) return true;
  }
  return false;
}

/// Every split but that of training; for a system that needs labels to score, those that have some.
std::vector<std::pair<std::string, data::View>> splits_to_score(const Recipe& recipe,
                                                                const data::Dataset& dataset) {
  const std::string label = class_label(recipe, dataset.split(recipe.train_split));
  std::vector<std::pair<std::string, data::View>> splits;
  for (const std::string& name : dataset.splits()) {
    if (name == recipe.train_split) continue;
    const data::View view = dataset.split(name);
    if (!label.empty() && !has_labelled_row(view, label)) {
      spdlog::info("split '{}' is not scored: no row has the label '{}'", name, label);
      continue;
    }
    splits.emplace_back(name, view);
  }
  if (splits.empty()) splits.emplace_back(recipe.train_split, dataset.split(recipe.train_split));
  return splits;
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
    auto [outside, inside] =
        cut_fold(data.train.train, label_of_folds(spec.recipe, data.train.train), spec.recipe.folds,
                 *spec.fold);
    data.train.train = outside;
    data.train.evaluated.emplace_back("val", inside);
    data.final_splits = data.train.evaluated;
    return data;
  }
  data.train.validation = validation_split(*data.dataset);
  std::vector<std::string> watched = spec.recipe.train.evaluate.splits;
  const std::string& validation = data.train.validation;  // selects and calibrates, named or not
  if (!validation.empty() && std::find(watched.begin(), watched.end(), validation) == watched.end())
    watched.push_back(validation);
  for (const std::string& name : watched)
    data.train.evaluated.emplace_back(name, data.dataset->split(name));
  data.final_splits = splits_to_score(spec.recipe, *data.dataset);
  return data;
}

std::string run_config(const Recipe& recipe, const data::Dataset& dataset) {
  Hasher hasher;
  for (const std::string& split : dataset.splits()) {
    const data::View view = dataset.split(split);
    hasher.add(split).add("\n");
    for (int64_t i = 0; i < view.size(); ++i) {
      hasher.add(view.id(i)).add("\t").add(view.group(i));
      for (const data::FieldSpec& field : view.table().fields) {
        if (field.modality != data::Modality::kLabel ||
            view.label_spec(field.name).kind != data::LabelKind::kClass)
          continue;
        hasher.add("\t").add(std::to_string(view.class_label(i, field.name)));
      }
      hasher.add("\n");
    }
  }
  return recipe.yaml() + "# data " + hasher.hex() + "\n";
}

void check_job(const Recipe& recipe, const JobData& data, System& system) {
  const SelectionConfig& select = recipe.train.select;
  check_selection(recipe.train, data.train);
  if (select.rule == Selection::kCrossValidated && recipe.folds.count == 0) {
    throw Error({.what =
                     "train.select.rule=cross_validated chooses the epoch from folds, and there "
                     "are none",
                 .where = "train.select.rule",
                 .remedy = "set folds=5x5, or choose another rule"});
  }
  system.check(data.train.train);
  for (const auto& [name, view] : data.train.evaluated) {
    system.check(view);
    if (select.rule == Selection::kBestValidation && name == data.train.validation)
      check_metric(select, system.evaluate(view), name);
  }
  for (const auto& [name, view] : data.final_splits) system.check(view);
  if (recipe.folds.count == 0) return;
  // The folds of the first repeat stand for all: they are of the same sizes.
  const data::View& train = data.train.train;
  const std::string label = label_of_folds(recipe, train);
  for (int64_t fold = 0; fold < recipe.folds.count; ++fold) {
    const auto inside = cut_fold(train, label, recipe.folds, {.fold = fold}).second;
    if (select.rule == Selection::kCrossValidated)
      check_metric(select, system.evaluate(inside), fmt::format("held-out rows of fold {}", fold));
  }
}

}  // namespace relata::train
