// The submodules of relata._relata, one function each.
#pragma once

#include <torch/extension.h>

namespace relata::python {

namespace py = pybind11;

void bind_metrics(py::module_& module);
void bind_objectives(py::module_& module);
void bind_io(py::module_& module);
void bind_text(py::module_& module);
void bind_image(py::module_& module);  // into io
void bind_models(py::module_& module);
void bind_backbone(py::module_& module);
void bind_index(py::module_& module);
void bind_train(py::module_& module);
/// Inner parts of the engine for the parity tests; no promise to anybody else.
void bind_testing(py::module_& module);

}  // namespace relata::python
