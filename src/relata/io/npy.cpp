#include "relata/io/npy.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/io/npy_header.h"

namespace relata::io {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are mapped as they are");

std::size_t element_bytes(DType dtype) { return static_cast<std::size_t>(dtype_bits(dtype)) / 8; }

/// Each part of a complex number is swapped on its own.
std::size_t swapped_bytes(DType dtype) { return dtype == DType::kC64 ? 4 : element_bytes(dtype); }

std::vector<std::byte> transposed(std::span<const std::byte> bytes, std::size_t rows,
                                  std::size_t columns, std::size_t width) {
  std::vector<std::byte> result(bytes.size());
  if (bytes.empty()) return result;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      std::memcpy(&result[(row * columns + column) * width], &bytes[(column * rows + row) * width],
                  width);
    }
  }
  return result;
}

double half_to_double(uint16_t half) {
  const double sign = (half & 0x8000U) != 0 ? -1.0 : 1.0;
  const int exponent = (half >> 10U) & 0x1F;
  const int fraction = half & 0x3FF;
  if (exponent == 31) {
    return fraction == 0 ? sign * std::numeric_limits<double>::infinity()
                         : std::numeric_limits<double>::quiet_NaN();
  }
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

template <typename Element>
std::vector<double> as_doubles(std::span<const std::byte> bytes) {
  std::vector<double> values(bytes.size() / sizeof(Element));
  for (std::size_t i = 0; i < values.size(); ++i) {
    Element element{};
    std::memcpy(&element, &bytes[i * sizeof(Element)], sizeof(Element));
    values[i] = static_cast<double>(element);
  }
  return values;
}

std::vector<double> halves_as_doubles(std::span<const std::byte> bytes) {
  std::vector<double> values = as_doubles<uint16_t>(bytes);
  std::ranges::transform(values, values.begin(),
                         [](double bits) { return half_to_double(static_cast<uint16_t>(bits)); });
  return values;
}

std::vector<double> to_doubles(DType dtype, std::span<const std::byte> bytes,
                               std::string_view where) {
  switch (dtype) {
    case DType::kBool:
    case DType::kU8:
      return as_doubles<uint8_t>(bytes);
    case DType::kI8:
      return as_doubles<int8_t>(bytes);
    case DType::kI16:
      return as_doubles<int16_t>(bytes);
    case DType::kU16:
      return as_doubles<uint16_t>(bytes);
    case DType::kF16:
      return halves_as_doubles(bytes);
    case DType::kI32:
      return as_doubles<int32_t>(bytes);
    case DType::kU32:
      return as_doubles<uint32_t>(bytes);
    case DType::kF32:
      return as_doubles<float>(bytes);
    case DType::kF64:
      return as_doubles<double>(bytes);
    case DType::kI64:
      return as_doubles<int64_t>(bytes);
    case DType::kU64:
      return as_doubles<uint64_t>(bytes);
    default:
      throw Error(
          {.what = "elements are " + std::string(dtype_name(dtype)) + ", expected real numbers",
           .where = std::string(where),
           .remedy = "save a matrix of float32"});
  }
}

}  // namespace

NpyContent parse_npy(std::span<const std::byte> file, std::string_view where) {
  NpyHeader header = parse_npy_header(file, where);
  const int64_t expected = byte_count(header.dtype, header.shape, where);
  const std::span<const std::byte> bytes = file.subspan(header.size);
  if (std::cmp_not_equal(bytes.size(), expected)) {
    throw Error({.what = std::to_string(bytes.size()) + " bytes follow the header, but " +
                         std::string(dtype_name(header.dtype)) + " of shape " +
                         shape_text(header.shape) + " has " + std::to_string(expected),
                 .where = std::string(where),
                 .remedy = "the file is cut off or not one array; write it again with numpy.save"});
  }
  return {.dtype = header.dtype,
          .shape = std::move(header.shape),
          .big_endian = header.big_endian,
          .fortran_order = header.fortran_order,
          .bytes = bytes};
}

bool needs_conversion(const NpyContent& content) {
  return (content.big_endian && swapped_bytes(content.dtype) > 1) ||
         (content.fortran_order && content.shape.size() > 1);
}

std::vector<std::byte> normalised_bytes(const NpyContent& content, std::string_view where) {
  std::vector<std::byte> bytes(content.bytes.begin(), content.bytes.end());
  if (content.fortran_order && content.shape.size() > 1) {
    if (content.shape.size() != 2) {
      throw Error({.what = "shape " + shape_text(content.shape) +
                           " is in Fortran order, which is read for up to two axes",
                   .where = std::string(where),
                   .remedy = "save numpy.ascontiguousarray(array)"});
    }
    bytes = transposed(bytes, static_cast<std::size_t>(content.shape[0]),
                       static_cast<std::size_t>(content.shape[1]), element_bytes(content.dtype));
  }
  if (content.big_endian) {
    const std::size_t width = swapped_bytes(content.dtype);
    for (auto at = bytes.begin(); at != bytes.end(); at += static_cast<std::ptrdiff_t>(width)) {
      std::reverse(at, at + static_cast<std::ptrdiff_t>(width));
    }
  }
  return bytes;
}

NpyMatrix npy_matrix_as_double(const NpyContent& content, std::string_view where) {
  const std::size_t axes = content.shape.size();
  if (axes != 1 && axes != 2) {
    throw Error({.what = "shape is " + shape_text(content.shape) + ", expected [rows, columns]",
                 .where = std::string(where),
                 .remedy = "save a matrix, one row a record"});
  }
  NpyMatrix matrix{.rows = content.shape[0], .columns = axes == 2 ? content.shape[1] : 1};
  matrix.values = needs_conversion(content)
                      ? to_doubles(content.dtype, normalised_bytes(content, where), where)
                      : to_doubles(content.dtype, content.bytes, where);
  return matrix;
}

NpyMatrix read_npy_matrix_as_double(const std::filesystem::path& path) {
  const MappedFile file(path);
  return npy_matrix_as_double(parse_npy(file.bytes(), path.string()), path.string());
}

void write_npy(const std::filesystem::path& path, DType dtype, std::span<const int64_t> shape,
               std::span<const std::byte> bytes) {
  const int64_t expected = byte_count(dtype, shape, path.string());
  if (std::cmp_not_equal(bytes.size(), expected)) {
    throw Error({.what = "has " + std::to_string(bytes.size()) + " bytes, but " +
                         std::string(dtype_name(dtype)) + " of shape " + shape_text(shape) +
                         " has " + std::to_string(expected),
                 .where = path.string(),
                 .remedy = "give the bytes of the whole, dense array"});
  }
  AtomicFile file(path);
  file.write(make_npy_header(dtype, shape, path.string()));
  file.write(bytes);
  file.commit();
}

}  // namespace relata::io
