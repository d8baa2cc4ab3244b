#include "relata/nn/foreign_file.h"

#include <torch/torch.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/io/gguf.h"
#include "relata/io/gguf_values.h"
#include "relata/io/npz.h"
#include "relata/io/torch_checkpoint.h"
#include "relata/io/zip.h"

namespace relata::nn {
namespace {

namespace fs = std::filesystem;

enum class Format { kSafetensors, kTorch, kNpz, kGguf };

bool starts_with(std::span<const std::byte> bytes, std::string_view text, std::size_t at = 0) {
  return bytes.size() >= at + text.size() &&
         std::memcmp(bytes.data() + at, text.data(), text.size()) == 0;
}

Format format_of(const fs::path& path) {
  const MappedFile file(path);
  const auto bytes = file.bytes();
  if (starts_with(bytes, "GGUF")) return Format::kGguf;
  if (io::is_torch_stream(bytes)) return Format::kTorch;
  if (starts_with(bytes, "{", 8)) return Format::kSafetensors;  // the header's length, its text
  if (starts_with(bytes, "PK\x03\x04")) {
    const io::ZipArchive archive(bytes, path.string(), {.check_crc = false});
    if (io::is_torch_archive(archive)) return Format::kTorch;
    const bool arrays = std::ranges::all_of(
        archive.entries(), [](const io::ZipEntry& entry) { return entry.name.ends_with(".npy"); });
    if (arrays) return Format::kNpz;
  }
  throw Error({.what = "is none of the formats that tensors are read from",
               .where = path.string(),
               .remedy = "known are safetensors, PyTorch checkpoints (.pt, .pth, .bin, .ckpt; zip, "
                         "old streams, TorchScript), .npz and GGUF"});
}

/// Keeps the bytes of a file alive; nothing: they are copied.
using Keeper = std::shared_ptr<const void>;

/// Misaligned bytes are copied in any case.
torch::Tensor wrap(const io::TensorInfo& info, const Keeper& keep) {
  const auto options = torch::TensorOptions(torch_dtype(info.dtype, info.name));
  if (info.bytes.empty()) return torch::empty(info.shape, options);
  // from_blob wants a pointer that may be written through; nobody does: the map is read-only.
  void* bytes = const_cast<std::byte*>(info.bytes.data());  // NOLINT(*-const-cast)
  const auto width = static_cast<std::uintptr_t>(options.dtype().itemsize());
  if (keep != nullptr && reinterpret_cast<std::uintptr_t>(bytes) % width == 0)
    return torch::from_blob(bytes, info.shape, [keep](void*) {}, options);
  torch::Tensor tensor = torch::empty(info.shape, options);
  std::memcpy(tensor.mutable_data_ptr(), bytes, info.bytes.size());
  return tensor;
}

NamedTensors wrap_all(std::span<const io::TensorInfo> infos, const Keeper& keep) {
  NamedTensors tensors;
  for (const io::TensorInfo& info : infos) tensors[info.name] = wrap(info, keep);
  return tensors;
}

/// Plain whole numbers stay what they are.
torch::Tensor gguf_tensor(const io::GgufTensor& tensor, const std::string& where,
                          const Keeper& keep) {
  const auto whole = io::dtype_from_name(tensor.type->name);
  if (whole && !io::has_float_values(*tensor.type)) {
    return wrap(
        {.name = tensor.name, .dtype = *whole, .shape = tensor.shape, .bytes = tensor.bytes}, keep);
  }
  if (!io::has_float_values(*tensor.type)) io::float_values(tensor, where, {});  // says so
  torch::Tensor values = torch::empty(tensor.shape, torch::kFloat32);
  io::float_values(tensor, where,
                   {values.mutable_data_ptr<float>(), static_cast<std::size_t>(values.numel())});
  return values;
}

NamedTensors read_gguf(const fs::path& path, bool copy) {
  const auto file = std::make_shared<const io::GgufFile>(path);
  NamedTensors tensors;
  for (const io::GgufTensor& tensor : file->content().tensors)
    tensors[tensor.name] = gguf_tensor(tensor, path.string(), copy ? nullptr : Keeper(file));
  return tensors;
}

NamedTensors read_foreign(const fs::path& path, bool copy) {
  switch (format_of(path)) {
    case Format::kSafetensors:
      return copy ? load_tensors(path).tensors : map_tensors(path);
    case Format::kTorch: {
      const auto file = std::make_shared<const io::TorchFile>(path);
      return wrap_all(file->content().tensors(), copy ? nullptr : Keeper(file));
    }
    case Format::kNpz: {
      const auto file = std::make_shared<const io::NpzFile>(path);
      return wrap_all(file->arrays(), copy ? nullptr : Keeper(file));
    }
    case Format::kGguf:
      break;
  }
  return read_gguf(path, copy);
}

}  // namespace

NamedTensors map_foreign(const fs::path& path) { return read_foreign(path, false); }

NamedTensors load_foreign(const fs::path& path) { return read_foreign(path, true); }

}  // namespace relata::nn
