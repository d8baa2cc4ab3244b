// relata._relata: the engine as a Python module. The typed package around it is python/relata.
#include "module.h"

#include <csignal>

#include "relata/base/error.h"
#include "relata/base/log.h"
#include "relata/base/memory.h"
#include "relata/systems/all.h"
#include "relata/train/signals.h"

namespace relata::python {
namespace {

/// relata.Error, made once and kept for the life of the interpreter.
py::handle error_class() {
  static PyObject* type = PyErr_NewExceptionWithDoc(
      "relata.Error",
      "What was wrong, where, and how to mend it, in one line.\n\n"
      "exit_code: 2 if the input is at fault, 1 if the machine is (full disk, no memory).",
      PyExc_Exception, nullptr);
  return type;
}

void raise(const Error& error) {
  const py::object instance = error_class()(error.what());
  instance.attr("exit_code") = error.exit_code();
  PyErr_SetObject(error_class().ptr(), instance.ptr());
}

void raise(const train::Interrupted& stop) {
  if (stop.signal == SIGINT) {
    PyErr_SetString(PyExc_KeyboardInterrupt,
                    "training was interrupted; the checkpoint is written, resume=True goes on");
    return;
  }
  PyErr_SetObject(PyExc_SystemExit, py::int_(128 + stop.signal).ptr());
}

void translate(std::exception_ptr thrown) {
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const Error& error) {
    raise(error);
  } catch (const train::Interrupted& stop) {
    raise(stop);
  }
}

using Bind = void (*)(py::module_&);

void add(py::module_& module, const char* name, const char* doc, Bind bind) {
  py::module_ part = module.def_submodule(name, doc);
  bind(part);
}

}  // namespace
}  // namespace relata::python

PYBIND11_MODULE(_relata, module) {
  using namespace relata::python;
  relata::keep_freed_memory();
  module.doc() = "The native engine of relata.";
  module.attr("__version__") = RELATA_VERSION;
  module.attr("Error") = error_class();
  error_class().attr("exit_code") = 2;
  py::register_exception_translator(translate);
  relata::set_up_logging(relata::Verbosity::kNormal);
  relata::systems::register_all();
  add(module, "metrics", "Metrics on tensors.", bind_metrics);
  add(module, "objectives", "Losses on tensors.", bind_objectives);
  add(module, "io", "Files and pictures.", [](py::module_& io) {
    bind_io(io);
    bind_image(io);
  });
  add(module, "text", "Tokenizers.", bind_text);
  add(module, "models", "Trained models.", bind_models);
  add(module, "index", "Indexes.", bind_index);
  add(module, "train", "Jobs.", bind_train);
  add(module, "_testing", "Inner parts for the parity tests; no promise.", bind_testing);
}
