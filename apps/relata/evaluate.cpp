// relata evaluate MODEL DATA: metrics with intervals.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "output.h"
#include "relata/base/log.h"
#include "relata/io/json.h"
#include "relata/train/apply.h"
#include "relata/train/model_card.h"
#include "verbs.h"

namespace relata::app {
namespace {

struct Options {
  ModelOptions use;
  bool subsets = false;
};

nlohmann::json to_json(const train::SplitResult& result) {
  nlohmann::json metrics = nlohmann::json::object();
  for (const train::Metric& m : result.metrics) metrics[m.name] = io::number_or_null(m.value);
  if (result.intervals) {
    for (const auto& [name, v] : result.intervals->metrics) {
      metrics[name] = {{"estimate", io::number_or_null(v.estimate)},
                       {"low", io::number_or_null(v.low)},
                       {"high", io::number_or_null(v.high)}};
    }
  }
  return {{"split", result.split}, {"rows", result.rows}, {"metrics", metrics}};
}

void print_subsets(const std::vector<train::SubsetResult>& subsets, const Common& common) {
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
  common.json ? print(all) : print(table);
}

void run(Options o, const Common& common) {
  auto [model, dataset, view] = o.use.open();
  if (o.use.apply.split == "all") {
    spdlog::warn("scoring all records: some may be those that the model was trained on");
  }
  if (o.subsets) return print_subsets(train::evaluate_subsets(model, view, o.use.apply), common);
  const train::SplitResult result = train::evaluate_model(model, view, o.use.apply);
  common.json ? print(to_json(result)) : print(train::metrics_table(result));
}

}  // namespace

void add_evaluate(CLI::App& app, const Common& common) {
  auto* verb =
      app.add_subcommand("evaluate", "Score a model on a split: metrics with 95 % intervals");
  const auto o = std::make_shared<Options>();
  o->use.add_to(*verb);
  verb->add_flag("--subsets", o->subsets, "score every subset of the modalities");
  verb->footer("Example:\n  relata evaluate runs/first my_omics/ --subsets");
  verb->callback([o, &common] { run(*o, common); });
}

}  // namespace relata::app
