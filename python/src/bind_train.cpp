#include <pybind11/stl/filesystem.h>

#include "convert.h"
#include "model.h"
#include "module.h"
#include "relata/train/apply.h"
#include "relata/train/job.h"

namespace relata::python {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

void run_job(const std::string& recipe, const Names& overrides, const fs::path& data,
             const fs::path& out, int64_t seed, bool resume) {
  follow_torch_threads();
  const train::CatchSignals signals;
  train::run_job({.recipe = train::load_recipe(recipe, overrides),
                  .data = data,
                  .open = {},
                  .out = out,
                  .seed = seed,
                  .fold = {},
                  .resume = resume ? train::Resume::kYes : train::Resume::kNo});
}

/// The rows that are meant; keeps their dataset alive.
data::View open_view(const fs::path& data, train::ApplyOptions& options) {
  return train::choose_split(*data::Dataset::open(data), options);
}

py::dict evaluate(Model& model, const fs::path& data, const std::string& split,
                  const Names& without) {
  train::ApplyOptions options{.split = split, .without = without};
  train::SplitResult result;
  {
    const py::gil_scoped_release free;
    follow_torch_threads();
    const data::View view = open_view(data, options);
    result = train::evaluate_model(model.loaded(), view, options);
  }
  py::dict out;
  out["split"] = options.split;
  out["rows"] = result.rows;
  py::list classes;
  py::dict metrics;
  for (const train::Metric& metric : result.metrics) metrics[py::str(metric.name)] = metric.value;
  if (result.intervals) {
    for (const auto& [name, rows, predicted] : result.intervals->classes)
      classes.append(py::make_tuple(name, rows, predicted));
    for (const auto& [name, i] : result.intervals->metrics) {
      metrics[py::str(name)] =
          py::make_tuple(i.estimate, i.low, i.high, i.level, i.resamples, i.undefined);
    }
  }
  out["classes"] = classes;
  out["metrics"] = metrics;
  return out;
}

std::vector<std::tuple<std::string, std::string, std::vector<double>>> predict(
    Model& model, const fs::path& data, const std::string& split, const Names& without) {
  train::ApplyOptions options{.split = split, .without = without};
  const data::View view = open_view(data, options);
  std::vector<std::tuple<std::string, std::string, std::vector<double>>> rows;
  for (train::Prediction& p : train::predict(model.loaded(), view, options))
    rows.emplace_back(std::move(p.id), std::move(p.predicted), std::move(p.probabilities));
  return rows;
}

Names recipes() {
  Names names;
  for (const train::BuiltinRecipe& recipe : train::builtin_recipes()) names.push_back(recipe.name);
  return names;
}

}  // namespace

void bind_train(py::module_& module) {
  const py::call_guard<py::gil_scoped_release> free;
  module.def("run_job", run_job, free);
  module.def("evaluate", evaluate);
  module.def("predict", predict, free);
  module.def("recipes", recipes);
}

}  // namespace relata::python
