#include "relata/train/scoring.h"

#include <unordered_map>

#include "relata/base/error.h"

namespace relata::train {

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
  const LabelledRows labelled(result);
  DenseScores scores(probabilities(labelled.logits, calibration.temperature));
  const std::vector<int64_t> groups = group_numbers(view, to_vector(labelled.rows));
  metrics::ReportOptions options{.class_names = result.classes};
  options.bootstrap.groups = groups;
  auto report = metrics::classification_report(scores.view(), labelled.labels, options);
  return {.report = std::move(report),
          .probabilities = std::move(scores),
          .labels = labelled.labels,
          .classes = result.classes};
}

}  // namespace relata::train
