// Named tensors to and from safetensors files.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <filesystem>
#include <map>
#include <string>

#include "relata/io/safetensors.h"

namespace relata::nn {

using NamedTensors = std::map<std::string, torch::Tensor>;

/// Throws Error for a dtype that torch has no tensors of, or that the format has no name for.
torch::Dtype torch_dtype(io::DType dtype, std::string_view tensor_name);
io::DType file_dtype(torch::Dtype dtype, std::string_view tensor_name);

/// Writes atomically; tensors may be strided or on a device.
void save_tensors(const std::filesystem::path& path, const NamedTensors& tensors,
                  const io::SafetensorsMetadata& metadata = {});

struct TensorFile {
  NamedTensors tensors;  ///< copies in torch's own memory: alignment decides which kernels run
  io::SafetensorsMetadata metadata;
};
TensorFile load_tensors(const std::filesystem::path& path);

/// The tensors of a file without copies: read-only, in the order of bytes that the file has, alive
/// as long as any of them. For what is copied elsewhere or only read.
NamedTensors map_tensors(const std::filesystem::path& path);

/// The parameters and buffers of a module, sharing its memory.
NamedTensors tensors_of(const torch::nn::Module& module);

/// Training leaves all parameters that the module has now as they are.
void fix_parameters(const torch::nn::Module& module);

/// Copies `source` into `target` by name. Strict: one Error lists all missing, unexpected and
/// misshapen tensors.
void assign_tensors(const NamedTensors& target, const NamedTensors& source,
                    const std::string& where);

/// XXH3 of names, dtypes, shapes and bytes, in the order of the names.
std::string tensor_hash(const NamedTensors& tensors);

}  // namespace relata::nn
