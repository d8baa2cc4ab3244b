#include "relata/train/class_metrics.h"

#include "relata/base/error.h"
#include "relata/metrics/classification.h"
#include "relata/metrics/ranking.h"

namespace relata::train {

DenseScores::DenseScores(const torch::Tensor& matrix)
    : rows(matrix.size(0)), classes(matrix.size(1)) {
  const torch::Tensor dense = matrix.to(torch::kFloat64).contiguous();
  const auto* data = dense.const_data_ptr<double>();
  values.assign(data, data + dense.numel());
}

std::vector<int64_t> to_vector(const torch::Tensor& labels) {
  const torch::Tensor dense = labels.to(torch::kInt64).contiguous();
  const auto* data = dense.const_data_ptr<int64_t>();
  return {data, data + dense.numel()};
}

torch::Tensor probabilities(const torch::Tensor& logits, double temperature) {
  return torch::softmax(logits.to(torch::kFloat64) / temperature, /*dim=*/1);
}

LabelledRows::LabelledRows(const Classifies::Classification& result)
    : rows((result.labels >= 0).nonzero().squeeze(1)),
      logits(result.logits.index_select(0, rows)),
      labels(to_vector(result.labels.index_select(0, rows))) {
  if (labels.empty())
    throw Error({.what = "no row of this split has a label, so there is nothing to score"});
}

Evaluation class_metrics(const Classifies::Classification& result,
                         const torch::Tensor& auc_scores) {
  const LabelledRows labelled(result);
  const std::vector<int64_t>& labels = labelled.labels;
  const DenseScores logits(labelled.logits);
  const DenseScores ranks(auc_scores.index_select(0, labelled.rows));
  const std::vector<int64_t> predicted = metrics::argmax(logits.view());
  Evaluation evaluation{.rows = static_cast<int64_t>(labels.size()), .metrics = {}};
  evaluation.metrics.push_back({"accuracy", metrics::accuracy(predicted, labels)});
  if (logits.classes == 2) {
    evaluation.metrics.push_back({"f1_binary", metrics::f1_binary(predicted, labels)});
    evaluation.metrics.push_back(
        {"roc_auc", metrics::roc_auc(metrics::column(ranks.view(), 1), labels)});
  } else {
    evaluation.metrics.push_back({"f1_weighted", metrics::f1_weighted(predicted, labels)});
    evaluation.metrics.push_back({"f1_macro", metrics::f1_macro(predicted, labels)});
    evaluation.metrics.push_back({"roc_auc", metrics::roc_auc(ranks.view(), labels)});
  }
  return evaluation;
}

}  // namespace relata::train
