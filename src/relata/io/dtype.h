// Element types of stored tensors: those of the safetensors format, which .npy files share.
// Checked arithmetic from a shape to its size in bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace relata::io {

/// In the order of the public library (ascending alignment), which its files are sorted by.
/// Source: enum Dtype of huggingface/safetensors, safetensors/src/tensor.rs, version 0.8.
enum class DType {
  kBool,
  kF4,
  kF6E2M3,
  kF6E3M2,
  kU8,
  kI8,
  kF8E5M2,
  kF8E4M3,
  kF8E8M0,
  kF8E4M3Fnuz,
  kF8E5M2Fnuz,
  kI16,
  kU16,
  kF16,
  kBF16,
  kI32,
  kU32,
  kF32,
  kC64,
  kF64,
  kI64,
  kU64,
};

/// All of them, in the order above.
std::span<const DType> all_dtypes();

/// The name in safetensors headers, e.g. "BF16".
std::string_view dtype_name(DType dtype);

/// Bits of one element: 4 and 6 for the packed types, else a multiple of 8.
int dtype_bits(DType dtype);

std::optional<DType> dtype_from_name(std::string_view name);

/// "[2, 3]", "[]" for a scalar.
std::string shape_text(std::span<const int64_t> shape);

/// Elements of `shape`. Throws Error naming `where` if an axis is negative or if the product of the
/// non-empty axes does not fit into 63 bits.
int64_t element_count(std::span<const int64_t> shape, std::string_view where);

/// Bytes of a dense tensor. Throws Error naming `where` as element_count does, and if packed
/// elements do not fill their last byte.
int64_t byte_count(DType dtype, std::span<const int64_t> shape, std::string_view where);

}  // namespace relata::io
