#include "relata/train/run_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "relata/metrics/calibration.h"
#include "relata/metrics/classification.h"
#include "relata/metrics/ranking.h"
#include "relata/report/plot.h"
#include "relata/train/model_card.h"
#include "relata/train/scoring.h"

namespace relata::train {
namespace {

/// One line per name: the values of `metric` of the records that have it.
report::Series series_of(const std::vector<Record>& records, Record::Kind kind,
                         const std::string& split, const std::string& metric) {
  report::Series series{.name = split.empty() ? metric : split + " " + metric, .points = {}};
  for (const Record& record : records) {
    if (record.kind != kind || record.split != split) continue;
    for (const Metric& m : record.metrics) {
      if (m.name == metric) series.points.push_back({static_cast<double>(record.epoch), m.value});
    }
  }
  return series;
}

void add_curves(report::Content& section, const RunReport& run) {
  report::LineChart loss{.title = "Training loss", .x_title = "epoch", .y_title = "loss"};
  loss.series.push_back(series_of(run.records, Record::Kind::kTrain, "", "loss"));
  loss.markers.push_back({static_cast<double>(run.result.selected_epoch), "model"});
  loss.y_scale = report::Scale::kLog;
  section.figure(report::line_chart(loss), "Mean over the steps of an epoch, logarithmic axis.");

  std::vector<std::string> splits;
  report::LineChart scores{
      .title = "Scores while training", .x_title = "epoch", .y_title = "score"};
  for (const Record& record : run.records) {
    const bool seen = std::find(splits.begin(), splits.end(), record.split) != splits.end();
    if (record.kind != Record::Kind::kEvaluation || seen) continue;
    splits.push_back(record.split);
    for (const Metric& metric : record.metrics) {
      scores.series.push_back(
          series_of(run.records, Record::Kind::kEvaluation, record.split, metric.name));
    }
  }
  if (scores.series.empty()) return;
  scores.markers = loss.markers;
  section.figure(
      report::line_chart(scores),
      "A split that is watched here was not used for selection unless the rule says so.");
}

report::RocCurve roc_of(const ScoredClassifier& scored, const std::string& name, int64_t positive) {
  const std::vector<double> scores = metrics::column(scored.probabilities.view(), positive);
  std::vector<int64_t> labels;
  for (const int64_t label : scored.labels) labels.push_back(label == positive ? 1 : 0);
  report::RocCurve curve{.name = name, .points = {}, .area = metrics::roc_auc(scores, labels)};
  for (const metrics::RocPoint& point : metrics::roc_curve(scores, labels)) {
    curve.points.push_back({point.false_positive_rate, point.true_positive_rate});
  }
  return curve;
}

}  // namespace

void add_classifier_figures(report::Content& section, const ScoredClassifier& scored) {
  const std::vector<std::string>& classes = scored.classes;
  const auto count = static_cast<int64_t>(classes.size());
  report::ConfusionMatrix confusion{.title = "Confusion matrix", .classes = classes};
  const metrics::ConfusionMatrix counts =
      metrics::confusion_matrix(metrics::argmax(scored.probabilities.view()), scored.labels, count);
  for (int64_t truth = 0; truth < count; ++truth) {
    std::vector<int64_t>& row = confusion.counts.emplace_back();
    for (int64_t prediction = 0; prediction < count; ++prediction) {
      row.push_back(counts.at(truth, prediction));
    }
  }
  section.figure(report::confusion_matrix(confusion));

  report::RocChart roc{.title = "ROC", .curves = {}};
  for (int64_t c = count == 2 ? 1 : 0; c < std::min<int64_t>(count, 8); ++c) {
    roc.curves.push_back(roc_of(scored, classes[static_cast<size_t>(c)], c));
  }
  section.figure(report::roc_chart(roc), count == 2 ? "" : "One class against the rest.");

  report::ReliabilityDiagram reliability{.title = "Reliability", .bins = {}};
  for (const auto& bin : metrics::reliability_bins(scored.probabilities.view(), scored.labels)) {
    reliability.bins.push_back({bin.low, bin.high, bin.rows, bin.confidence, bin.accuracy});
  }
  reliability.calibration_error = metrics::ece(scored.probabilities.view(), scored.labels);
  section.figure(report::reliability_diagram(reliability),
                 "Probability of the predicted class against its accuracy.");
}

void write_run_report(const std::filesystem::path& file, const RunReport& run) {
  const JobResult& result = run.result;
  const Calibration& calibration = run.calibration;
  report::Page page(result.recipe, fmt::format("{}, seed {}", result.system, result.seed));
  report::Content& summary = page.section("Result");
  summary.facts(
      {{"weights", result.selection},
       {"epochs run", std::to_string(result.epochs)},
       {"training rows", std::to_string(run.training_rows)},
       {"calibration", calibration.fitted_on.empty()
                           ? "none (no validation split)"
                           : fmt::format("temperature {:.4g} from '{}'", calibration.temperature,
                                         calibration.fitted_on)},
       {"time", fmt::format("{:.1f} s on {} thread(s)", result.seconds, result.threads)}});
  for (const SplitResult& split : result.splits) summary.table(metrics_table(split));
  add_curves(page.section("Training"), run);
  for (const auto& [split, scored] : run.scored)
    add_classifier_figures(page.section("Split '" + split + "'"), scored);
  page.section("Configuration").preformatted(run.config);
  page.write(file);
}

}  // namespace relata::train
