// Element types of GGUF tensors: numbers, or blocks of numbers that share a scale.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace relata::io {

struct GgmlType {
  uint32_t id = 0;        ///< in files
  std::string_view name;  ///< e.g. "Q4_0"
  uint32_t block = 1;     ///< elements in a block; rows are whole blocks
  uint32_t bytes = 0;     ///< of a block
};

/// Those of the public `gguf` package, version 0.19 (GGML_QUANT_SIZES in gguf/constants.py).
std::span<const GgmlType> ggml_types();

/// The type of that number, or nullptr; it lives for ever.
const GgmlType* find_ggml_type(uint32_t id);

}  // namespace relata::io
