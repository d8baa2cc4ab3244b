// GGUF files made by hand, so that each field can be wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "unit/io/zip_builder.h"  // le16, le32, le64

namespace relata::io {

inline std::string gguf_string(std::string_view text) {
  return le64(text.size()) + std::string(text);
}

/// A key with the type's number and the bytes of its value.
inline std::string gguf_entry(std::string_view key, uint32_t type, std::string_view value) {
  return gguf_string(key) + le32(type) + std::string(value);
}

/// Axes in the file's order, the innermost first.
inline std::string gguf_tensor(std::string_view name, const std::vector<uint64_t>& axes,
                               uint32_t type, uint64_t offset) {
  std::string head = gguf_string(name) + le32(axes.size());
  for (const uint64_t axis : axes) head += le64(axis);
  return head + le32(type) + le64(offset);
}

struct GgufParts {
  uint32_t version = 3;
  std::vector<std::string> entries = {};
  std::vector<std::string> tensors = {};
  std::string data = {};
  uint64_t alignment = 32;
};

inline std::string gguf_file(const GgufParts& parts) {
  std::string file =
      "GGUF" + le32(parts.version) + le64(parts.tensors.size()) + le64(parts.entries.size());
  for (const std::string& entry : parts.entries) file += entry;
  for (const std::string& tensor : parts.tensors) file += tensor;
  file.resize((file.size() + parts.alignment - 1) / parts.alignment * parts.alignment);
  return file + parts.data;
}

}  // namespace relata::io
