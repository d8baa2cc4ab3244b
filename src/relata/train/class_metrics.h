// From a classifier's logits to the metrics that training watches: cheap, no intervals.
#pragma once

#include <vector>

#include "relata/metrics/scores.h"
#include "relata/train/system.h"

namespace relata::train {

/// The rows of a classification that have a label. Throws Error if there is none.
struct LabelledRows {
  explicit LabelledRows(const Classifies::Classification& result);
  torch::Tensor rows;    ///< their positions
  torch::Tensor logits;  ///< [labelled rows, classes]
  std::vector<int64_t> labels;
};

/// Over the labelled rows: accuracy; for two classes f1_binary (class 1), else f1_weighted and
/// f1_macro; roc_auc of `auc_scores` [rows, classes] float64 (class 1 for two classes, else macro
/// one-vs-rest; NaN with one class). Throws Error if no row has a label.
Evaluation class_metrics(const Classifies::Classification& result, const torch::Tensor& auc_scores);

/// softmax(logits / temperature) as float64 [rows, classes].
torch::Tensor probabilities(const torch::Tensor& logits, double temperature = 1);

/// A row-major copy of a matrix, and its view for the metrics.
struct DenseScores {
  explicit DenseScores(const torch::Tensor& matrix);
  metrics::ScoreMatrix view() const { return {values, rows, classes}; }
  std::vector<double> values;
  int64_t rows;
  int64_t classes;
};
std::vector<int64_t> to_vector(const torch::Tensor& labels);

}  // namespace relata::train
