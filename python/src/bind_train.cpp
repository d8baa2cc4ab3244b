#include <pybind11/stl/filesystem.h>

#include "convert.h"
#include "module.h"
#include "relata/train/job.h"

namespace relata::python {
namespace {

namespace fs = std::filesystem;

void run_job(const std::string& recipe, const std::vector<std::string>& overrides,
             const fs::path& data, const fs::path& out, int64_t seed, bool resume) {
  follow_torch_threads();
  const train::JobSpec spec{.recipe = train::load_recipe(recipe, overrides),
                            .data = data,
                            .open = {},
                            .out = out,
                            .seed = seed,
                            .fold = {},
                            .resume = resume ? train::Resume::kYes : train::Resume::kNo};
  train::run_job(spec);
}

std::vector<std::string> recipes() {
  std::vector<std::string> names;
  for (const train::BuiltinRecipe& recipe : train::builtin_recipes()) names.push_back(recipe.name);
  return names;
}

}  // namespace

void bind_train(py::module_& module) {
  const py::call_guard<py::gil_scoped_release> free;
  module.def("run_job", run_job, free);
  module.def("recipes", recipes);
}

}  // namespace relata::python
