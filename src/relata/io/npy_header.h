// The header of .npy files: magic, version, length and a Python dict literal, parsed by hand and
// never evaluated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relata/io/dtype.h"

namespace relata::io {

struct NpyHeader {
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  bool big_endian = false;
  bool fortran_order = false;
  std::size_t size = 0;  ///< bytes before the first element
};

/// The header that `file` starts with. Throws Error naming `where`.
NpyHeader parse_npy_header(std::span<const std::byte> file, std::string_view where);

/// The header of a version 1.0 file: little-endian, row-major, padded so that the elements are
/// aligned to 64 bytes. Throws Error naming `where` if numpy has no such type or the shape is too
/// long.
std::string make_npy_header(DType dtype, std::span<const int64_t> shape, std::string_view where);

}  // namespace relata::io
