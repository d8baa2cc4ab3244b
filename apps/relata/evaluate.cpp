// relata evaluate MODEL DATA: metrics with intervals.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "relata/train/apply.h"
#include "relata/train/model_card.h"
#include "verbs.h"

namespace relata::app {
namespace {

struct Options {
  std::string model;
  DataOptions data;
  train::ApplyOptions apply;
  std::string split;
  bool subsets = false;
};

nlohmann::json to_json(const train::SplitResult& result) {
  nlohmann::json metrics = nlohmann::json::object();
  const auto number = [](double v) {
    return std::isfinite(v) ? nlohmann::json(v) : nlohmann::json(nullptr);
  };
  for (const train::Metric& m : result.metrics) metrics[m.name] = number(m.value);
  if (result.intervals) {
    for (const auto& [name, v] : result.intervals->metrics) {
      metrics[name] = {
          {"estimate", number(v.estimate)}, {"low", number(v.low)}, {"high", number(v.high)}};
    }
  }
  return {{"split", result.split}, {"rows", result.rows}, {"metrics", metrics}};
}

void print_subsets(train::LoadedModel& model, const data::View& view, const Options& o,
                   const Common& common) {
  const auto subsets = train::evaluate_subsets(model, view, o.apply);
  nlohmann::json all = nlohmann::json::array();
  report::Table table{.columns = {{"modalities"}}, .rows = {}};
  for (const auto& [subset, result] : subsets) {
    all.push_back(to_json(result));
    all.back()["modalities"] = subset;
    std::vector<std::string> row{subset};
    for (const auto& [name, value] : result.intervals->metrics) {
      if (table.rows.empty()) table.columns.push_back({name, report::Align::kRight});
      row.push_back(fmt::format("{:.3f}", value.estimate));
    }
    table.rows.push_back(std::move(row));
  }
  std::fputs(common.json ? (all.dump(1) + "\n").c_str() : report::to_text(table).c_str(), stdout);
}

void run(Options o, const Common& common) {
  train::LoadedModel model = train::load_model(o.model);
  const auto dataset = data::Dataset::open(o.data.path, o.data.open());
  const data::View view = train::choose_split(*dataset, o.apply);
  if (o.subsets) return print_subsets(model, view, o, common);
  const train::Applied applied = train::evaluate_model(model, view, o.apply);
  if (common.json) {
    std::fputs((to_json(applied.result).dump(1) + "\n").c_str(), stdout);
    return;
  }
  std::fputs(report::to_text(train::metrics_table(applied.result)).c_str(), stdout);
}

}  // namespace

void add_evaluate(CLI::App& app, const Common& common) {
  auto* verb =
      app.add_subcommand("evaluate", "Score a model on a split: metrics with 95 % intervals");
  const auto o = std::make_shared<Options>();
  verb->add_option("model", o->model, "a model folder or a run folder")->required();
  o->data.add_to(*verb, "data");
  verb->get_option("data")->required();
  verb->add_option("--split", o->apply.split, "which split; default: test, else val, else all");
  verb->add_option("--without", o->apply.without, "modalities to be treated as missing")
      ->delimiter(',');
  verb->add_flag("--subsets", o->subsets, "score every subset of the modalities");
  verb->footer("Example:\n  relata evaluate runs/first my_omics/ --subsets");
  verb->callback([o, &common] { run(*o, common); });
}

}  // namespace relata::app
