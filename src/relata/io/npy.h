// .npy files: one array each, read strictly into row-major little-endian bytes, written atomically.
// Format: numpy.lib.format, versions 1.0, 2.0 and 3.0. Pickled objects are never read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relata/io/dtype.h"

namespace relata::io {

/// A well-formed file as it lies on disk; `bytes` points into what was parsed.
struct NpyContent {
  DType dtype = DType::kF32;
  std::vector<int64_t> shape = {};  ///< [] is a scalar
  bool big_endian = false;
  bool fortran_order = false;  ///< the first axis varies fastest
  std::span<const std::byte> bytes = {};
};

/// The content of a whole file in memory. Throws Error naming `where` for a malformed header, an
/// element type that safetensors has no name for (objects, text, structures, float128 …), and bytes
/// that do not match the shape.
NpyContent parse_npy(std::span<const std::byte> file, std::string_view where);

/// Whether the bytes of `content` are not those of normalised_bytes.
bool needs_conversion(const NpyContent& content);

/// The elements of `content` in row-major, little-endian order. Throws Error for Fortran order of
/// more than two axes.
std::vector<std::byte> normalised_bytes(const NpyContent& content, std::string_view where);

struct NpyMatrix {
  int64_t rows = 0;
  int64_t columns = 0;
  std::vector<double> values = {};  ///< [rows, columns], row-major
};

/// A matrix of any real type as doubles (64-bit integers beyond 2^53 are rounded); a vector [rows]
/// is one column. Throws Error as parse_npy and normalised_bytes do, for other numbers of axes and
/// complex elements, and if the file cannot be read.
NpyMatrix read_npy_matrix_as_double(const std::filesystem::path& path);

/// The same of a file in memory.
NpyMatrix npy_matrix_as_double(const NpyContent& content, std::string_view where);

/// Writes version 1.0 atomically. `bytes` are row-major, little-endian. Throws Error if they do not
/// match the shape or numpy has no such type (BF16, F8 …).
void write_npy(const std::filesystem::path& path, DType dtype, std::span<const int64_t> shape,
               std::span<const std::byte> bytes);

}  // namespace relata::io
