#include <pybind11/stl/filesystem.h>

#include "model.h"
#include "module.h"
#include "relata/base/error.h"
#include "relata/train/class_metrics.h"

namespace relata::python {

train::Classifies& Model::classifier() {
  if (auto* classifier = dynamic_cast<train::Classifies*>(loaded_.system.get())) return *classifier;
  throw Error({.what = "the system '" + system() + "' does not classify"});
}

std::tuple<torch::Tensor, torch::Tensor, NamedTensors> Model::forward(const NamedTensors& values) {
  const train::Classifies::Answer answer = classifier().answer(values);
  return {answer.logits, train::probabilities(answer.logits, temperature()), answer.embeddings};
}

NamedTensors Model::parameters() {
  NamedTensors named;
  for (const auto& item : loaded_.system->module().named_parameters())
    named[item.key()] = item.value();
  return named;
}

void bind_models(py::module_& module) {
  const py::call_guard<py::gil_scoped_release> free;
  py::class_<Model>(module, "Model")
      .def(py::init<const std::filesystem::path&>(), free)
      .def_property_readonly("system", &Model::system)
      .def_property_readonly("roles", &Model::roles)
      .def_property_readonly("classes", &Model::classes)
      .def_property_readonly("facts", &Model::facts)
      .def_property_readonly("temperature", &Model::temperature)
      .def_property_readonly("calibrated", &Model::calibrated)
      .def_property_readonly("weights_hash", &Model::weights_hash)
      .def("forward", &Model::forward, free)
      .def("parameters", &Model::parameters);
  bind_backbone(module);
}

}  // namespace relata::python
