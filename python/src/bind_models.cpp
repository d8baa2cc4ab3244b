#include <pybind11/stl/filesystem.h>

#include "module.h"
#include "relata/base/error.h"
#include "relata/train/class_metrics.h"
#include "relata/train/model_folder.h"

namespace relata::python {
namespace {

using torch::Tensor;
using NamedTensors = std::map<std::string, Tensor>;

class Model {
 public:
  explicit Model(const std::filesystem::path& path) : loaded_(train::load_model(path)) {}

  std::string system() const { return loaded_.system->name(); }
  std::vector<std::string> roles() { return classifier().roles(); }
  std::vector<std::string> classes() const { return loaded_.info.state.facts.at("classes"); }
  double temperature() const { return loaded_.info.calibration.temperature; }
  std::string weights_hash() const { return loaded_.weights_hash; }

  std::map<std::string, std::vector<std::string>> facts() const { return loaded_.info.state.facts; }

  /// Logits, probabilities and embeddings.
  std::tuple<Tensor, Tensor, NamedTensors> forward(const NamedTensors& values) {
    const train::Classifies::Answer answer = classifier().answer(values);
    return {answer.logits, train::probabilities(answer.logits, temperature()), answer.embeddings};
  }

  /// Sharing memory with the model.
  NamedTensors parameters() {
    NamedTensors named;
    for (const auto& item : loaded_.system->module().named_parameters())
      named[item.key()] = item.value();
    return named;
  }

 private:
  train::Classifies& classifier() {
    if (auto* classifier = dynamic_cast<train::Classifies*>(loaded_.system.get()))
      return *classifier;
    throw Error({.what = "the system '" + system() + "' does not classify"});
  }

  train::LoadedModel loaded_;
};

}  // namespace

void bind_models(py::module_& module) {
  const py::call_guard<py::gil_scoped_release> free;
  py::class_<Model>(module, "Model")
      .def(py::init<const std::filesystem::path&>(), free)
      .def_property_readonly("system", &Model::system)
      .def_property_readonly("roles", &Model::roles)
      .def_property_readonly("classes", &Model::classes)
      .def_property_readonly("facts", &Model::facts)
      .def_property_readonly("temperature", &Model::temperature)
      .def_property_readonly("weights_hash", &Model::weights_hash)
      .def("forward", &Model::forward, free)
      .def("parameters", &Model::parameters);
}

}  // namespace relata::python
