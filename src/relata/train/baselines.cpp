#include "relata/train/baselines.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>

#include "relata/base/error.h"
#include "relata/base/log.h"
#include "relata/data/split.h"
#include "relata/data/transform.h"
#include "relata/metrics/ranking.h"
#include "relata/models/logistic_regression.h"
#include "relata/train/class_metrics.h"
#include "relata/train/signals.h"

namespace relata::train {
namespace {

using torch::Tensor;

constexpr std::array<double, 7> kInverseRegularisation{1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2};
constexpr double kFoldTolerance = 1e-4;  // a ranking of held-out rows needs no more
constexpr int64_t kFolds = 5;
constexpr uint64_t kRepeats = 5;

/// libtorch on one thread until it goes out of scope: sharing matrices this small costs ten times
/// what it gains.
class OneThread {
 public:
  OneThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
  ~OneThread() { at::set_num_threads(before_); }

 private:
  int before_;
};

/// Labelled rows that have all the fields.
struct Matrix {
  Tensor x;  ///< [rows, width] float64
  Tensor y;  ///< [rows] int64
  std::vector<std::string> groups;
  data::View view;
};

Matrix matrix_of(const data::View& view, const std::vector<std::string>& fields,
                 const std::string& label) {
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < view.size(); ++i) {
    bool usable = view.class_label(i, label) >= 0;
    for (const std::string& field : fields) usable = usable && view.present(i, field);
    if (usable) rows.push_back(i);
  }
  const data::View chosen = view.select(rows);
  Matrix matrix{.view = chosen};
  std::vector<Tensor> parts;
  for (const std::string& field : fields) parts.push_back(data::field_matrix(chosen, field).values);
  matrix.x = torch::cat(parts, 1);
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < chosen.size(); ++i) {
    labels.push_back(chosen.class_label(i, label));
    matrix.groups.push_back(chosen.group(i));
  }
  matrix.y = torch::tensor(labels);
  return matrix;
}

double auc(const Tensor& logits, const Tensor& labels) {
  const DenseScores scores(logits);
  const std::vector<int64_t> y = to_vector(labels);
  return scores.classes == 2 ? metrics::roc_auc(metrics::column(scores.view(), 1), y)
                             : metrics::roc_auc(scores.view(), y);
}

/// Mean AUC over the folds of all repeats, for every C; each C starts from the solution of the one
/// before.
std::array<double, kInverseRegularisation.size()> cross_validate(const Matrix& data,
                                                                 int64_t classes) {
  std::array<double, kInverseRegularisation.size()> mean{};
  const std::vector<int64_t> labels = to_vector(data.y);
  for (uint64_t repeat = 0; repeat < kRepeats; ++repeat) {
    const Tensor fold_of =
        torch::tensor(data::stratified_folds(labels, data.groups, kFolds, repeat));
    for (int64_t fold = 0; fold < kFolds; ++fold) {
      const Tensor inside = fold_of != fold;
      const Tensor x = data.x.index({inside});
      const data::Affine scale = data::fit_standard(x);
      const Tensor scaled = scale(x);
      const Tensor held_out = scale(data.x.index({inside.logical_not()}));
      models::LogisticRegression model;
      for (size_t i = 0; i < kInverseRegularisation.size(); ++i) {
        model = models::fit_logistic(
            scaled, data.y.index({inside}),
            {.c = kInverseRegularisation[i], .classes = classes, .tolerance = kFoldTolerance},
            i == 0 ? nullptr : &model);
        mean[i] +=
            auc(model.logits(held_out), data.y.index({inside.logical_not()})) / (kFolds * kRepeats);
      }
    }
  }
  return mean;
}

Baseline fit_baseline(const BaselineTask& task, const std::vector<std::string>& fields) {
  const Matrix train = matrix_of(task.train, fields, task.what.label);
  const Matrix test = matrix_of(task.test, fields, task.what.label);
  const std::vector<std::string>& names = task.train.label_spec(task.what.label).names;
  const auto classes = static_cast<int64_t>(names.size());
  const auto scores = cross_validate(train, classes);
  size_t best = 0;
  for (size_t i = 1; i < scores.size(); ++i) {
    if (scores[i] > scores[best]) best = i;
  }
  const data::Affine scale = data::fit_standard(train.x);
  const double c = kInverseRegularisation[best];
  const auto model = models::fit_logistic(scale(train.x), train.y, {.c = c, .classes = classes});
  return {.name = fmt::format("logistic regression, {}", fmt::join(fields, "+")),
          .c = c,
          .cross_validated_auc = scores[best],
          .test = {.classes = names, .logits = model.logits(scale(test.x)), .labels = test.y},
          .scored = test.view};
}

}  // namespace

std::vector<Baseline> logistic_baselines(const BaselineTask& task) {
  const OneThread one_thread;
  std::vector<std::string> everywhere;
  for (const std::string& field : task.what.fields) {
    bool every_row = true;
    for (int64_t i = 0; i < task.test.size() && every_row; ++i)
      every_row = task.test.present(i, field);
    if (every_row) {
      everywhere.push_back(field);
    } else {
      spdlog::info("baselines leave out '{}': not every scored row has it", field);
    }
  }
  std::vector<std::vector<std::string>> subsets;
  if (everywhere.size() > 1) subsets.push_back(everywhere);
  for (const std::string& field : everywhere) subsets.push_back({field});
  std::vector<Baseline> baselines;
  for (const std::vector<std::string>& fields : subsets) {
    stop_if_asked();
    try {
      baselines.push_back(fit_baseline(task, fields));
    } catch (const Error& error) {
      spdlog::warn("no logistic regression on {}: {}", fmt::join(fields, "+"), error.what());
    }
  }
  return baselines;
}

}  // namespace relata::train
