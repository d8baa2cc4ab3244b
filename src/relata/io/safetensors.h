// safetensors files: named tensors in one memory-mapped file, read strictly and written atomically.
// Format: https://huggingface.co/docs/safetensors; files are interchangeable with the public
// library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relata/base/file.h"
#include "relata/io/dtype.h"

namespace relata::io {

/// Longest header that is read or written, in bytes; the public library's limit.
inline constexpr uint64_t kSafetensorsHeaderLimit = 100'000'000;

struct TensorInfo {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape = {};        ///< [] is a scalar
  std::span<const std::byte> bytes = {};  ///< row-major, little-endian; somebody else's
};

using SafetensorsMetadata = std::map<std::string, std::string>;

struct SafetensorsContent {
  std::vector<TensorInfo> tensors;  ///< in file order; their bytes point into what was parsed
  SafetensorsMetadata metadata;
};

/// The content of a whole file in memory. Throws Error naming `where` and the tensor for anything
/// but a well-formed file: header length, JSON (duplicate keys too), dtypes, shapes, offsets that
/// overlap, leave gaps or bytes over.
SafetensorsContent parse_safetensors(std::span<const std::byte> file, std::string_view where);

/// A mapped file. Tensors point into the map: they live as long as this object or what it is moved
/// to.
class SafetensorsFile {
 public:
  /// Throws Error as parse_safetensors does, or if the file cannot be read.
  explicit SafetensorsFile(const std::filesystem::path& path);

  /// In the order of their bytes in the file.
  std::span<const TensorInfo> tensors() const { return content_.tensors; }
  const SafetensorsMetadata& metadata() const { return content_.metadata; }

  /// The tensor of that name, or nullptr.
  const TensorInfo* find(std::string_view name) const;

 private:
  MappedFile file_;
  SafetensorsContent content_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

/// Writes `path` atomically: widest dtype first, then by name, so that each tensor is aligned to
/// its elements. Equal input gives equal bytes. Throws Error for duplicate or reserved names, and
/// bytes that do not match their shape.
void write_safetensors(const std::filesystem::path& path, std::span<const TensorInfo> tensors,
                       const SafetensorsMetadata& metadata = {});

}  // namespace relata::io
