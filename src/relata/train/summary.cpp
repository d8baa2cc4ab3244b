#include "relata/train/summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "relata/base/file.h"
#include "relata/io/json.h"
#include "relata/io/npy.h"
#include "relata/metrics/classification.h"
#include "relata/metrics/paired.h"
#include "relata/metrics/ranking.h"
#include "relata/metrics/summary.h"
#include "relata/report/page.h"
#include "relata/report/plot.h"
#include "relata/train/run_report.h"
#include "relata/train/scoring.h"

namespace relata::train {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const SplitResult& split_of(const JobResult& job, const std::string& name) {
  return *std::find_if(job.splits.begin(), job.splits.end(),
                       [&](const SplitResult& s) { return s.split == name; });
}

std::vector<SeedMetric> over_seeds(const std::vector<JobResult>& jobs, const std::string& split) {
  std::vector<SeedMetric> metrics;
  for (const Metric& first : split_of(jobs.front(), split).metrics) {
    SeedMetric metric{.name = first.name, .values = {}};
    for (const JobResult& job : jobs) {
      for (const Metric& m : split_of(job, split).metrics) {
        if (m.name == first.name) metric.values.push_back(m.value);
      }
    }
    metric.mean = metrics::mean(metric.values);
    metric.sd = metrics::sample_sd(metric.values);
    metrics.push_back(std::move(metric));
  }
  return metrics;
}

/// "epoch 499, the last; …"; with an epoch of its own for each seed, all of them.
std::string selection_of(const SummaryInput& input) {
  std::vector<int64_t> epochs;
  for (const JobResult& job : input.jobs) epochs.push_back(job.selected_epoch);
  if (std::ranges::all_of(epochs, [&](int64_t epoch) { return epoch == epochs.front(); }))
    return input.jobs.front().selection;
  return fmt::format("epochs {} (by seed), {}", fmt::join(epochs, ", "),
                     selection_rule(input.recipe));
}

/// The metrics named in `names`, with intervals, of a classification by `probabilities`.
ScoredRow scored_row(const std::string& name, const ScoredClassifier& scored,
                     const std::vector<SeedMetric>& names) {
  ScoredRow row{.name = name, .metrics = {}};
  for (const SeedMetric& metric : names)
    row.metrics.emplace_back(metric.name, scored.report.at(metric.name));
  return row;
}

/// Mean softmax over the seeds, as logits (their logarithm).
Classifies::Classification ensemble_of(const SummaryInput& input, const std::string& split,
                                       const data::View& view, const std::string& label) {
  torch::Tensor sum;
  for (const fs::path& folder : input.folders) {
    const io::NpyMatrix logits =
        io::read_npy_matrix_as_double(folder / "predictions" / (split + ".logits.npy"));
    const torch::Tensor z =
        torch::tensor(logits.values, torch::kFloat64).view({logits.rows, logits.columns});
    const torch::Tensor p = torch::softmax(z, 1);
    sum = sum.defined() ? sum + p : p;
  }
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < view.size(); ++i) labels.push_back(view.class_label(i, label));
  return {.classes = view.label_spec(label).names,
          .logits = (sum / static_cast<double>(input.folders.size())).clamp_min(1e-300).log(),
          .labels = torch::tensor(labels)};
}

void add_ensemble_and_baselines(Summary& summary, const SummaryInput& input,
                                const data::View& view) {
  const std::string label = class_label(input.recipe, input.data.train.train);
  if (label.empty()) return;
  ScoredClassifier answers =
      score_classifier(ensemble_of(input, summary.split, view, label), {}, view);
  const std::string name = input.jobs.size() > 1
                               ? fmt::format("ensemble of {} seeds", input.jobs.size())
                               : "the same, with intervals";
  ScoredRow row = scored_row(name, answers, summary.over_seeds);
  std::optional<double> p_value;
  for (size_t b = 0; b < input.baselines.size(); ++b) {
    const Baseline& baseline = input.baselines[b];
    const ScoredClassifier scored = score_classifier(baseline.test, {}, baseline.scored);
    summary.baselines.push_back(scored_row(fmt::format("{} (C {:g})", baseline.name, baseline.c),
                                           scored, summary.over_seeds));
    if (b != 0 || scored.labels != answers.labels) continue;
    p_value = metrics::mcnemar(metrics::argmax(answers.probabilities.view()),
                               metrics::argmax(scored.probabilities.view()), answers.labels)
                  .p;
  }
  summary.ensemble = {.row = std::move(row), .scored = std::move(answers), .p_value = p_value};
}

std::string with_interval(const metrics::Interval& value) {
  return fmt::format("{:.1f} [{:.1f}, {:.1f}]", 100 * value.estimate, 100 * value.low,
                     100 * value.high);
}

std::vector<std::string> cells_of(const ScoredRow& row) {
  std::vector<std::string> cells{row.name};
  for (const auto& [name, value] : row.metrics) cells.push_back(with_interval(value));
  return cells;
}

json row_json(const ScoredRow& row) {
  json metrics = json::object();
  for (const auto& [name, v] : row.metrics)
    metrics[name] = {{"estimate", v.estimate}, {"low", v.low}, {"high", v.high}};
  return {{"name", row.name}, {"metrics", metrics}};
}

json summary_json(const Summary& s) {
  json metrics = json::object();
  for (const SeedMetric& m : s.over_seeds) {
    metrics[m.name] = {{"mean", m.mean}, {"sd", io::number_or_null(m.sd)}, {"values", m.values}};
  }
  json baselines = json::array();
  for (const ScoredRow& row : s.baselines) baselines.push_back(row_json(row));
  json out{{"recipe", s.recipe},       {"config_hash", s.config_hash},
           {"selection", s.selection}, {"split", s.split},
           {"rows", s.rows},           {"seeds", s.seeds},
           {"metrics", metrics},       {"baselines", baselines}};
  if (s.ensemble) {
    out["ensemble"] = row_json(s.ensemble->row);
    if (s.ensemble->p_value)
      out["ensemble"]["mcnemar_p_against_first_baseline"] = *s.ensemble->p_value;
  }
  if (s.choice) {
    out["epoch_choice"] = {{"epoch", s.choice->epoch},
                           {"score", s.choice->score},
                           {"candidates", s.choice->candidates},
                           {"mean", s.choice->mean},
                           {"smoothed", s.choice->smoothed}};
  }
  return out;
}

void add_interval_charts(report::Content& section, const Summary& s) {
  for (size_t i = 0; i < s.over_seeds.size(); ++i) {
    const SeedMetric& metric = s.over_seeds[i];
    report::IntervalChart chart{.title = metric.name, .x_title = metric.name, .rows = {}};
    chart.rows.push_back({.name = "each seed",
                          .estimate = metric.mean,
                          .seeds = metric.values,
                          .emphasis = report::Emphasis::kStrong});
    const auto add = [&](const ScoredRow& row) {
      const metrics::Interval& v = row.metrics[i].second;
      chart.rows.push_back(
          {.name = row.name, .estimate = v.estimate, .low = v.low, .high = v.high});
    };
    if (s.ensemble) add(s.ensemble->row);
    for (const ScoredRow& row : s.baselines) add(row);
    section.figure(report::interval_chart(chart),
                   "Dots: seeds. Bars: 95 % bootstrap intervals over the scored rows.");
  }
}

void add_choice(report::Page& page, const Summary& s) {
  if (!s.choice) return;
  report::LineChart chart{
      .title = "Epoch chosen by cross-validation", .x_title = "epoch", .y_title = "score"};
  report::Series mean{.name = "mean over folds", .points = {}},
      smoothed{.name = "smoothed", .points = {}};
  for (size_t i = 0; i < s.choice->candidates.size(); ++i) {
    const auto x = static_cast<double>(s.choice->candidates[i]);
    mean.points.push_back({x, s.choice->mean[i]});
    smoothed.points.push_back({x, s.choice->smoothed[i]});
  }
  chart.series = {mean, smoothed};
  chart.markers = {{static_cast<double>(s.choice->epoch), "chosen"}};
  page.section("Selection").figure(report::line_chart(chart), "Inside the training split alone.");
}

report::Table seeds_table(const Summary& s) {
  report::Table table{.columns = {{"seed", report::Align::kRight}}, .rows = {}};
  for (const SeedMetric& metric : s.over_seeds)
    table.columns.push_back({metric.name, report::Align::kRight});
  for (size_t i = 0; i < s.seeds.size(); ++i) {
    std::vector<std::string> row{std::to_string(s.seeds[i])};
    for (const SeedMetric& metric : s.over_seeds)
      row.push_back(fmt::format("{:.4f}", metric.values[i]));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

std::string summary_split(const JobResult& job) {
  for (const SplitResult& split : job.splits) {
    if (split.split == "test") return split.split;
  }
  return job.splits.back().split;
}

Summary summarise(const SummaryInput& input) {
  Summary s{.recipe = input.recipe.name,
            .config_hash = input.recipe.hash(),
            .description = input.recipe.description,
            .selection = selection_of(input),
            .split = summary_split(input.jobs.front()),
            .choice = input.choice};
  for (const JobResult& job : input.jobs) s.seeds.push_back(job.seed);
  s.rows = split_of(input.jobs.front(), s.split).rows;
  s.over_seeds = over_seeds(input.jobs, s.split);
  if (!input.folds.empty())
    s.over_folds = over_seeds(input.folds, input.folds.front().splits.front().split);
  add_ensemble_and_baselines(s, input, input.data.dataset->split(s.split));
  return s;
}

report::Table summary_table(const Summary& s) {
  report::Table table{.columns = {{fmt::format("{}, {} rows, %", s.split, s.rows)}}, .rows = {}};
  std::vector<std::string> mean{
      s.seeds.size() == 1 ? fmt::format("{}, seed {}", s.recipe, s.seeds.front())
                          : fmt::format("{} (mean ± sd, {} seeds)", s.recipe, s.seeds.size())};
  for (const SeedMetric& metric : s.over_seeds) {
    table.columns.push_back({metric.name, report::Align::kRight});
    mean.push_back(s.seeds.size() > 1 ? metrics::percent_points(metric.values, 1)
                                      : fmt::format("{:.1f}", 100 * metric.mean));
  }
  table.rows.push_back(std::move(mean));
  if (!s.over_folds.empty()) {
    std::vector<std::string> row{fmt::format("{} held-out folds of the training split, last epoch",
                                             s.over_folds.front().values.size())};
    for (const SeedMetric& metric : s.over_folds)
      row.push_back(metrics::percent_points(metric.values, 1));
    table.rows.push_back(std::move(row));
  }
  if (s.ensemble) table.rows.push_back(cells_of(s.ensemble->row));
  for (const ScoredRow& row : s.baselines) table.rows.push_back(cells_of(row));
  table.footnotes = {"weights: " + s.selection,
                     "[…]: 95 % percentile bootstrap over the scored rows, 10000 resamples"};
  if (s.ensemble && s.ensemble->p_value) {
    table.footnotes.push_back(fmt::format("{} against {}: exact McNemar p = {:.3f}",
                                          s.ensemble->row.name, s.baselines.front().name,
                                          *s.ensemble->p_value));
  }
  return table;
}

void write_summary(const fs::path& folder, const Summary& summary) {
  write_file(folder / "summary.json", summary_json(summary).dump(1) + "\n");
}

void write_summary_page(const fs::path& file, const Summary& s, const std::string& config) {
  report::Page page(s.recipe, s.description);
  report::Content& result = page.section("Result");
  result.facts({{"weights", s.selection},
                {"split", fmt::format("{} ({} rows)", s.split, s.rows)},
                {"seeds", std::to_string(s.seeds.size())}});
  result.table(summary_table(s));
  add_interval_charts(result, s);
  add_choice(page, s);
  if (s.ensemble) add_classifier_figures(page.section("Ensemble"), s.ensemble->scored);
  page.section("Seeds").table(seeds_table(s));
  page.section("Configuration").preformatted(config);
  page.write(file);
}

}  // namespace relata::train
