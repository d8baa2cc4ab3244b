#include "relata/nn/tensor_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/torch.h>

#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "relata/base/error.h"
#include "relata/base/hash.h"

namespace relata::nn {
namespace {

constexpr std::array<std::pair<io::DType, torch::Dtype>, 19> kDtypes{{
    {io::DType::kBool, torch::kBool},
    {io::DType::kU8, torch::kUInt8},
    {io::DType::kI8, torch::kInt8},
    {io::DType::kF8E5M2, torch::kFloat8_e5m2},
    {io::DType::kF8E4M3, torch::kFloat8_e4m3fn},
    {io::DType::kF8E8M0, torch::kFloat8_e8m0fnu},
    {io::DType::kF8E4M3Fnuz, torch::kFloat8_e4m3fnuz},
    {io::DType::kF8E5M2Fnuz, torch::kFloat8_e5m2fnuz},
    {io::DType::kI16, torch::kInt16},
    {io::DType::kU16, torch::kUInt16},
    {io::DType::kF16, torch::kFloat16},
    {io::DType::kBF16, torch::kBFloat16},
    {io::DType::kI32, torch::kInt32},
    {io::DType::kU32, torch::kUInt32},
    {io::DType::kF32, torch::kFloat32},
    {io::DType::kC64, torch::kComplexFloat},
    {io::DType::kF64, torch::kFloat64},
    {io::DType::kI64, torch::kInt64},
    {io::DType::kU64, torch::kUInt64},
}};

std::span<const std::byte> bytes_of(const torch::Tensor& contiguous) {
  return {static_cast<const std::byte*>(contiguous.const_data_ptr()), contiguous.nbytes()};
}

torch::Tensor on_cpu(const torch::Tensor& tensor) { return tensor.detach().cpu().contiguous(); }

}  // namespace

torch::Dtype torch_dtype(io::DType dtype, std::string_view tensor_name) {
  for (const auto& [file, torch] : kDtypes) {
    if (file == dtype) return torch;
  }
  throw Error({.what = fmt::format("tensor '{}' is {}, which libtorch cannot hold", tensor_name,
                                   io::dtype_name(dtype))});
}

io::DType file_dtype(torch::Dtype dtype, std::string_view tensor_name) {
  for (const auto& [file, torch] : kDtypes) {
    if (torch == dtype) return file;
  }
  throw Error({.what = fmt::format("tensor '{}' is {}, which safetensors cannot hold", tensor_name,
                                   toString(dtype))});
}

void save_tensors(const std::filesystem::path& path, const NamedTensors& tensors,
                  const io::SafetensorsMetadata& metadata) {
  std::vector<torch::Tensor> kept;
  std::vector<io::TensorInfo> infos;
  for (const auto& [name, tensor] : tensors) {
    kept.push_back(on_cpu(tensor));
    infos.push_back({.name = name,
                     .dtype = file_dtype(tensor.scalar_type(), name),
                     .shape = tensor.sizes().vec(),
                     .bytes = bytes_of(kept.back())});
  }
  io::write_safetensors(path, infos, metadata);
}

TensorFile load_tensors(const std::filesystem::path& path) {
  const io::SafetensorsFile file(path);
  TensorFile content{.tensors = {}, .metadata = file.metadata()};
  for (const io::TensorInfo& info : file.tensors()) {
    torch::Tensor tensor = torch::empty(info.shape, torch_dtype(info.dtype, info.name));
    if (!info.bytes.empty())
      std::memcpy(tensor.mutable_data_ptr(), info.bytes.data(), info.bytes.size());
    content.tensors[info.name] = tensor;
  }
  return content;
}

NamedTensors map_tensors(const std::filesystem::path& path) {
  const auto file = std::make_shared<const io::SafetensorsFile>(path);
  NamedTensors tensors;
  for (const io::TensorInfo& info : file->tensors()) {
    // from_blob wants a pointer that may be written through; nobody does: the map is read-only.
    void* bytes = const_cast<std::byte*>(info.bytes.data());  // NOLINT(*-const-cast)
    const auto options = torch::TensorOptions(torch_dtype(info.dtype, info.name));
    tensors[info.name] = info.bytes.empty()
                             ? torch::empty(info.shape, options)
                             : torch::from_blob(bytes, info.shape, [file](void*) {}, options);
  }
  return tensors;
}

NamedTensors tensors_of(const torch::nn::Module& module) {
  NamedTensors tensors;
  for (const auto& item : module.named_parameters()) tensors[item.key()] = item.value();
  for (const auto& item : module.named_buffers()) tensors[item.key()] = item.value();
  return tensors;
}

void fix_parameters(const torch::nn::Module& module) {
  for (torch::Tensor& parameter : module.parameters()) parameter.requires_grad_(false);
}

void assign_tensors(const NamedTensors& target, const NamedTensors& source,
                    const std::string& where) {
  std::vector<std::string> faults;
  for (const auto& [name, tensor] : target) {
    const auto found = source.find(name);
    if (found == source.end()) {
      faults.push_back("missing '" + name + "'");
    } else if (found->second.sizes() != tensor.sizes()) {
      faults.push_back(fmt::format("'{}' is {} but must be {}", name,
                                   io::shape_text(found->second.sizes().vec()),
                                   io::shape_text(tensor.sizes().vec())));
    }
  }
  for (const auto& [name, tensor] : source) {
    if (!target.contains(name)) faults.push_back("unexpected '" + name + "'");
  }
  if (!faults.empty()) {
    throw Error(
        {.what = fmt::format("its tensors do not fit the model: {}", fmt::join(faults, ", ")),
         .where = where});
  }
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : target) {
    torch::Tensor destination = tensor;
    destination.copy_(source.at(name));
  }
}

std::string tensor_hash(const NamedTensors& tensors) {
  Hasher hasher;
  for (const auto& [name, tensor] : tensors) {
    const torch::Tensor dense = on_cpu(tensor);
    hasher.add(name).add(io::dtype_name(file_dtype(tensor.scalar_type(), name)));
    hasher.add(io::shape_text(tensor.sizes().vec())).add(bytes_of(dense));
  }
  return hasher.hex();
}

}  // namespace relata::nn
