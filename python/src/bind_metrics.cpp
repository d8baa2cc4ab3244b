#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pybind11/functional.h>

#include "convert.h"
#include "module.h"
#include "relata/base/error.h"
#include "relata/metrics/bootstrap.h"
#include "relata/metrics/calibration.h"
#include "relata/metrics/classification.h"
#include "relata/metrics/paired.h"
#include "relata/metrics/ranking.h"
#include "relata/metrics/report.h"
#include "relata/metrics/retrieval.h"
#include "relata/metrics/retrieval_features.h"
#include "relata/metrics/summary.h"

namespace relata::python {
namespace {

using torch::Tensor;
using Labels = std::span<const int64_t>;

const py::call_guard<py::gil_scoped_release> kFree;

/// A metric of predicted classes.
template <double (*metric)(Labels, Labels)>
double of_classes(const Tensor& prediction_or_score, const Tensor& label) {
  return metric(predicted_classes(prediction_or_score), class_numbers(label, "label"));
}

/// A metric that has a binary form [rows] and one of class scores [rows, classes].
template <double (*binary)(std::span<const double>, Labels),
          double (*many)(const metrics::ScoreMatrix&, Labels)>
double of_scores(const Tensor& score, const Tensor& label) {
  const Scores scores = scores_of(score, "score");
  const auto labels = class_numbers(label, "label");
  return scores.is_matrix() ? many(scores.matrix(), labels) : binary(scores.values, labels);
}

double average_precision(const Tensor& score, const Tensor& label) {
  const Scores scores = scores_of(score, "score");
  if (scores.is_matrix())
    throw Error({.what = "average_precision is of two classes",
                 .remedy = "give the scores of class 1, [rows]"});
  return metrics::average_precision(scores.values, class_numbers(label, "label"));
}

double top_k_accuracy(const Tensor& score, const Tensor& label, int64_t k, bool highest_first) {
  return metrics::top_k_accuracy(
      matrix_of(score, "score").matrix(), class_numbers(label, "label"), k,
      highest_first ? metrics::TieRule::kHighestIndex : metrics::TieRule::kLowestIndex);
}

void check_score_shape(const Tensor& scores, size_t queries, size_t gallery) {
  if (scores.dim() == 2 && scores.size(0) == static_cast<int64_t>(queries) &&
      scores.size(1) == static_cast<int64_t>(gallery)) {
    return;
  }
  throw Error({.what = fmt::format("the scores are [{}], but there are {} query ids and {} gallery "
                                   "ids",
                                   fmt::join(scores.sizes(), ", "), queries, gallery),
               .remedy = "scores are [queries, gallery], ids one for each"});
}

double fit_temperature(const Tensor& logits, const Tensor& label) {
  return metrics::fit_temperature(matrix_of(logits, "logits").matrix(),
                                  class_numbers(label, "label"));
}

/// What the options of a bootstrap are in Python.
struct Resampling {
  std::vector<int64_t> groups;
  int64_t resamples;
  double level;
  int64_t seed;

  metrics::BootstrapOptions options() const {
    return {.resamples = resamples,
            .level = level,
            .seed = static_cast<uint64_t>(seed),
            .groups = groups};
  }
};

py::tuple to_tuple(const metrics::Interval& i) {
  return py::make_tuple(i.estimate, i.low, i.high, i.level, i.resamples, i.undefined);
}

py::dict report(const Tensor& probabilities, const Tensor& label,
                const std::vector<std::string>& class_names, const Resampling& resampling) {
  metrics::ClassificationReport result;
  {
    const py::gil_scoped_release free;
    follow_torch_threads();
    result = metrics::classification_report(
        matrix_of(probabilities, "probabilities").matrix(), class_numbers(label, "label"),
        {.class_names = class_names, .bootstrap = resampling.options()});
  }
  py::list classes;
  for (const metrics::ClassSupport& c : result.classes)
    classes.append(py::make_tuple(c.name, c.rows, c.predicted));
  py::dict intervals;
  for (const auto& [name, value] : result.metrics) intervals[py::str(name)] = to_tuple(value);
  py::dict out;
  out["rows"] = result.rows;
  out["classes"] = classes;
  out["metrics"] = intervals;
  return out;
}

py::dict to_dict(const metrics::RetrievalReport& report) {
  py::dict intervals;
  for (const auto& [name, value] : report.metrics) intervals[py::str(name)] = to_tuple(value);
  py::dict out;
  out["queries"] = report.queries;
  out["skipped"] = report.skipped;
  out["gallery"] = report.gallery;
  out["positives"] = report.positives;
  out["tied"] = report.tied;
  out["metrics"] = intervals;
  return out;
}

metrics::RetrievalOptions retrieval_options(const std::vector<int64_t>& at,
                                            const Resampling& resampling) {
  return {.at = at, .bootstrap = resampling.options()};
}

template <typename T>
metrics::RetrievalReport of_scores(const Tensor& scores, Labels query_ids, Labels gallery_ids,
                                   const metrics::RetrievalOptions& options) {
  return metrics::retrieval(
      std::span<const T>(scores.const_data_ptr<T>(), static_cast<size_t>(scores.numel())),
      query_ids, gallery_ids, options);
}

/// Scores of any real type: half precision is exact in float, whole numbers below 2⁵³ in double.
py::dict retrieval(const Tensor& scores, const std::vector<int64_t>& query_ids,
                   const std::vector<int64_t>& gallery_ids, const std::vector<int64_t>& at,
                   const Resampling& resampling) {
  metrics::RetrievalReport report;
  {
    const py::gil_scoped_release free;
    follow_torch_threads();
    check_score_shape(scores, query_ids.size(), gallery_ids.size());
    const auto options = retrieval_options(at, resampling);
    const bool single = scores.is_floating_point() && scores.scalar_type() != torch::kFloat64;
    const Tensor dense =
        scores.detach().to(torch::kCPU, single ? torch::kFloat32 : torch::kFloat64).contiguous();
    report = single ? of_scores<float>(dense, query_ids, gallery_ids, options)
                    : of_scores<double>(dense, query_ids, gallery_ids, options);
  }
  return to_dict(report);
}

py::dict retrieval_from_features(const Tensor& queries, const Tensor& gallery,
                                 const std::vector<int64_t>& query_ids,
                                 const std::vector<int64_t>& gallery_ids, bool cosine,
                                 const std::vector<int64_t>& at, const Resampling& resampling) {
  metrics::RetrievalReport report;
  {
    const py::gil_scoped_release free;
    follow_torch_threads();
    report = metrics::retrieval_from_features(
        queries, gallery, query_ids, gallery_ids,
        cosine ? metrics::Similarity::kCosine : metrics::Similarity::kDot,
        retrieval_options(at, resampling));
  }
  return to_dict(report);
}

/// `metric` takes row numbers [drawn] int64, ascending, repeated as often as they were drawn.
py::tuple bootstrap(const std::function<double(Tensor)>& metric, int64_t rows,
                    const Resampling& resampling) {
  metrics::Interval interval;
  {
    const py::gil_scoped_release free;
    follow_torch_threads();
    interval = metrics::bootstrap(
        metrics::over_rows([&](std::span<const int64_t> chosen) {
          const Tensor numbers =
              torch::tensor(at::ArrayRef<int64_t>(chosen.data(), chosen.size()), torch::kInt64);
          return metric(numbers);  // takes the interpreter's lock itself
        }),
        rows, resampling.options());
  }
  return to_tuple(interval);
}

py::tuple mcnemar(const Tensor& a, const Tensor& b, const Tensor& label) {
  const auto test =
      metrics::mcnemar(predicted_classes(a), predicted_classes(b), class_numbers(label, "label"));
  return py::make_tuple(test.only_a, test.only_b, test.p);
}

py::tuple holm(const std::vector<double>& p_values, double level) {
  const auto result = metrics::holm(p_values, level);
  return py::make_tuple(result.adjusted, result.rejected);
}

py::tuple welch(double mean_a, double sd_a, int64_t n_a, double mean_b, double sd_b, int64_t n_b) {
  const auto test = metrics::welch({.mean = mean_a, .sd = sd_a, .n = n_a},
                                   {.mean = mean_b, .sd = sd_b, .n = n_b});
  return py::make_tuple(test.t, test.df, test.p);
}

py::tuple sample(const std::vector<double>& values) {
  return py::make_tuple(metrics::mean(values), metrics::sample_sd(values), values.size());
}

}  // namespace

void bind_metrics(py::module_& module) {
  module.def("accuracy", of_classes<metrics::accuracy>, kFree);
  module.def("balanced_accuracy", of_classes<metrics::balanced_accuracy>, kFree);
  module.def("f1_binary", of_classes<metrics::f1_binary>, kFree);
  module.def("f1_macro", of_classes<metrics::f1_macro>, kFree);
  module.def("f1_weighted", of_classes<metrics::f1_weighted>, kFree);
  module.def("matthews_correlation", of_classes<metrics::matthews_correlation>, kFree);
  module.def("roc_auc", of_scores<metrics::roc_auc, metrics::roc_auc>, kFree);
  module.def("average_precision", average_precision, kFree);
  module.def("brier", of_scores<metrics::brier, metrics::brier>, kFree);
  module.def("log_loss", of_scores<metrics::log_loss, metrics::log_loss>, kFree);
  module.def("ece", of_scores<metrics::ece, metrics::ece>, kFree);
  module.def("top_k_accuracy", top_k_accuracy, kFree);
  module.def("fit_temperature", fit_temperature, kFree);
  py::class_<Resampling>(module, "Resampling")
      .def(py::init([](std::vector<int64_t> groups, int64_t resamples, double level, int64_t seed) {
        return Resampling{std::move(groups), resamples, level, seed};
      }));
  module.def("report", report);
  module.def("retrieval", retrieval);
  module.def("retrieval_from_features", retrieval_from_features);
  module.def("bootstrap", bootstrap);
  module.def("mcnemar", mcnemar);
  module.def("holm", holm);
  module.def("welch", welch);
  module.def("sample", sample);
}

}  // namespace relata::python
