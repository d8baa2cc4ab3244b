#include "relata/train/scoring.h"

#include <unordered_map>

#include "relata/base/error.h"

namespace relata::train {
namespace {

torch::Tensor labelled_rows(const Classifies::Classification& result) {
  const torch::Tensor rows = (result.labels >= 0).nonzero().squeeze(1);
  if (rows.numel() == 0)
    throw Error({.what = "no row of this split has a label, so there is nothing to score"});
  return rows;
}

}  // namespace

Labelled::Labelled(const Classifies::Classification& result)
    : logits(result.logits.index_select(0, labelled_rows(result))),
      labels(to_vector(result.labels.index_select(0, labelled_rows(result)))),
      rows(to_vector(labelled_rows(result))) {}

std::vector<int64_t> group_numbers(const data::View& view, const std::vector<int64_t>& rows) {
  std::unordered_map<std::string, int64_t> number;
  std::vector<int64_t> groups;
  for (const int64_t row : rows) {
    groups.push_back(
        number.try_emplace(view.group(row), static_cast<int64_t>(number.size())).first->second);
  }
  return groups;
}

ScoredClassifier score_classifier(const Classifies::Classification& result,
                                  const Calibration& calibration, const data::View& view) {
  const Labelled labelled(result);
  const torch::Tensor logits = result.logits.index_select(0, torch::tensor(labelled.rows));
  DenseScores scores(probabilities(logits, calibration.temperature));
  const std::vector<int64_t> groups = group_numbers(view, labelled.rows);
  metrics::ReportOptions options{.class_names = result.classes};
  options.bootstrap.groups = groups;
  auto report = metrics::classification_report(scores.view(), labelled.labels, options);
  return {.report = std::move(report),
          .probabilities = std::move(scores),
          .labels = labelled.labels,
          .classes = result.classes};
}

}  // namespace relata::train
