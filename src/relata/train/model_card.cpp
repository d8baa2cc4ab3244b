#include "relata/train/model_card.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace relata::train {
namespace {

std::string facts_text(const State& state) {
  std::string text;
  for (const auto& [name, values] : state.facts) {
    text += fmt::format("- {}: {}\n", name, fmt::join(values, ", "));
  }
  return text;
}

std::string calibration_text(const Calibration& calibration) {
  if (calibration.fitted_on.empty()) {
    return "Probabilities are not calibrated: there was no validation split to fit a temperature "
           "on.";
  }
  return fmt::format(
      "Probabilities are divided by a temperature of {:.4g}, fitted on the split '{}'.",
      calibration.temperature, calibration.fitted_on);
}

}  // namespace

report::Table metrics_table(const SplitResult& split) {
  report::Table table{.columns = {{"metric"},
                                  {"value", report::Align::kRight},
                                  {"95 % interval", report::Align::kRight}},
                      .rows = {}};
  table.caption = fmt::format("{}: {} rows", split.split, split.rows);
  if (split.intervals) {
    for (const auto& [name, value] : split.intervals->metrics) {
      table.rows.push_back({name, fmt::format("{:.4f}", value.estimate),
                            fmt::format("{:.4f} – {:.4f}", value.low, value.high)});
    }
    table.footnotes = {fmt::format("Percentile bootstrap over rows or groups, {} resamples.",
                                   split.intervals->metrics.front().value.resamples)};
    return table;
  }
  for (const Metric& metric : split.metrics)
    table.rows.push_back({metric.name, fmt::format("{:.4f}", metric.value), ""});
  return table;
}

std::string model_card(const ModelInfo& info, const JobResult& result, const JobData& data) {
  std::string card = fmt::format("# {} model\n\n{}\n\n", result.system, info.recipe.description);
  card += fmt::format("- recipe: {} (hash {}), seed {}\n", result.recipe, result.config_hash,
                      result.seed);
  card += fmt::format("- trained on: {} rows of split '{}'\n", data.train.train.size(),
                      info.recipe.train_split);
  card += fmt::format("- weights: {}\n", result.selection);
  card += facts_text(info.state) + "\n" + calibration_text(info.calibration) + "\n";
  for (const SplitResult& split : result.splits) {
    card += fmt::format("\n## Split '{}'\n\n{}", split.split,
                        report::to_markdown(metrics_table(split)));
  }
  card +=
      "\nLoad it with `relata predict`, `relata evaluate`, or `relata.models.load` in Python. "
      "The weights are in `model.safetensors`; tensors named `state.*` are the fitted feature "
      "statistics.\n";
  return card;
}

}  // namespace relata::train
