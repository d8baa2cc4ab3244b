// GGUF files, version 2 and 3, little-endian: metadata and named tensors in one mapped file, as
// llama.cpp and its relatives exchange models. Format: docs/gguf.md of the ggml project.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "relata/base/file.h"
#include "relata/io/ggml_type.h"

namespace relata::io {

/// Deepest nesting of arrays in metadata, and most arrays within arrays in one file; real files
/// have none.
inline constexpr int kGgufDepth = 8;
inline constexpr uint64_t kGgufNestedArrays = uint64_t{1} << 16U;

/// In the order of their numbers in files.
enum class GgufType : uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64,
};

struct GgufValue;

/// Many values of one type. Where `element` is a number or boolean, they are `bytes`, as they lie
/// in the file; else they are `strings` or `arrays`.
struct GgufArray {
  GgufType element = GgufType::kU8;
  uint64_t count = 0;
  std::span<const std::byte> bytes = {};
  std::vector<std::string_view> strings = {};
  std::vector<GgufValue> arrays;
};

/// Unsigned numbers are uint64_t, signed ones int64_t, floating-point ones double. Texts point into
/// the file and should be UTF-8, which is not checked: tokens of some published files are not.
struct GgufValue {
  GgufType type = GgufType::kU8;
  std::variant<uint64_t, int64_t, double, bool, std::string_view, GgufArray> value = {};
};

struct GgufTensor {
  std::string name;
  const GgmlType* type = nullptr;
  std::vector<int64_t> shape = {};        ///< in torch's order: the last axis lies end to end
  std::span<const std::byte> bytes = {};  ///< blocks, row after row; somebody else's
};

struct GgufContent {
  uint32_t version = 0;
  uint64_t alignment = 0;  ///< of the tensors in the file
  std::map<std::string, GgufValue, std::less<>> metadata = {};
  std::vector<GgufTensor> tensors = {};  ///< in the order of their names in the file
};

/// The content of a whole file in memory. Throws Error naming `where` and the key or tensor for
/// anything but a well-formed file: other versions, big-endian files, counts and lengths beyond the
/// bytes that are there, duplicate names, unknown types, rows that are no whole blocks, and tensors
/// that are misaligned, overlap or leave the file. Bytes between tensors are not looked at.
GgufContent parse_gguf(std::span<const std::byte> file, std::string_view where);

/// A mapped file. Tensors and texts point into the map: they live as long as this object or what it
/// is moved to.
class GgufFile {
 public:
  /// Throws Error as parse_gguf does, or if the file cannot be read.
  explicit GgufFile(const std::filesystem::path& path);

  const GgufContent& content() const { return content_; }

 private:
  MappedFile file_;
  GgufContent content_;
};

}  // namespace relata::io
