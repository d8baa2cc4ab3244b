#include <pybind11/stl/filesystem.h>

#include "module.h"
#include "relata/io/safetensors.h"
#include "relata/nn/foreign_file.h"
#include "relata/nn/tensor_file.h"

namespace relata::python {
namespace {

namespace fs = std::filesystem;

nn::NamedTensors load_safetensors(const fs::path& path) { return nn::load_tensors(path).tensors; }

io::SafetensorsMetadata read_metadata(const fs::path& path) {
  return io::SafetensorsFile(path).metadata();
}

}  // namespace

void bind_io(py::module_& module) {
  const py::call_guard<py::gil_scoped_release> free;
  module.def("load_safetensors", load_safetensors, free);
  module.def("load_tensors", nn::load_foreign, free);
  module.def("save_safetensors", nn::save_tensors, free);
  module.def("read_safetensors_metadata", read_metadata, free);
}

}  // namespace relata::python
