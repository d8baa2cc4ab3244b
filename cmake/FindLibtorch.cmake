# Finds libtorch inside a torch wheel and makes the target `libtorch`.
#
# Looked for in this order: the CMake or environment variable RELATA_TORCH (a folder that holds include/ and lib/),
# the Python that builds a wheel, the project's own .venv, the python3 on the path. The wheel's own CMake package is
# not used: with a CUDA wheel it asks for a CUDA toolkit, and all that is needed here are headers and libraries.

if(NOT RELATA_TORCH AND DEFINED ENV{RELATA_TORCH})
  set(RELATA_TORCH $ENV{RELATA_TORCH})
endif()
if(NOT RELATA_TORCH)
  foreach(python ${Python_EXECUTABLE} ${CMAKE_SOURCE_DIR}/.venv/bin/python python3)
    execute_process(
      COMMAND ${python} -c "import importlib.util as u; print(list(u.find_spec('torch').submodule_search_locations)[0])"
      OUTPUT_VARIABLE RELATA_TORCH OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed)
      break()
    endif()
  endforeach()
endif()
set(RELATA_TORCH "${RELATA_TORCH}" CACHE PATH "Folder of a torch wheel: include/ and lib/")

find_library(LIBTORCH_CPU torch_cpu PATHS ${RELATA_TORCH}/lib NO_DEFAULT_PATH)
find_library(LIBTORCH_C10 c10 PATHS ${RELATA_TORCH}/lib NO_DEFAULT_PATH)
find_library(LIBTORCH_TORCH torch PATHS ${RELATA_TORCH}/lib NO_DEFAULT_PATH)
find_library(LIBTORCH_PYTHON torch_python PATHS ${RELATA_TORCH}/lib NO_DEFAULT_PATH)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  Libtorch
  REQUIRED_VARS LIBTORCH_CPU LIBTORCH_C10 LIBTORCH_TORCH
  REASON_FAILURE_MESSAGE "run `make setup`, or set RELATA_TORCH to the folder of an installed torch")

if(Libtorch_FOUND AND NOT TARGET libtorch)
  add_library(libtorch INTERFACE)
  target_include_directories(libtorch SYSTEM INTERFACE
    ${RELATA_TORCH}/include ${RELATA_TORCH}/include/torch/csrc/api/include)
  target_link_libraries(libtorch INTERFACE ${LIBTORCH_TORCH} ${LIBTORCH_CPU} ${LIBTORCH_C10})
endif()
