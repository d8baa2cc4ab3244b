#include "relata/io/dtype.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "relata/base/error.h"

namespace relata::io {
namespace {

struct Entry {
  DType dtype;
  std::string_view name;
  int bits;
};

constexpr std::array kEntries = {
    Entry{DType::kBool, "BOOL", 8},
    Entry{DType::kF4, "F4", 4},
    Entry{DType::kF6E2M3, "F6_E2M3", 6},
    Entry{DType::kF6E3M2, "F6_E3M2", 6},
    Entry{DType::kU8, "U8", 8},
    Entry{DType::kI8, "I8", 8},
    Entry{DType::kF8E5M2, "F8_E5M2", 8},
    Entry{DType::kF8E4M3, "F8_E4M3", 8},
    Entry{DType::kF8E8M0, "F8_E8M0", 8},
    Entry{DType::kF8E4M3Fnuz, "F8_E4M3FNUZ", 8},
    Entry{DType::kF8E5M2Fnuz, "F8_E5M2FNUZ", 8},
    Entry{DType::kI16, "I16", 16},
    Entry{DType::kU16, "U16", 16},
    Entry{DType::kF16, "F16", 16},
    Entry{DType::kBF16, "BF16", 16},
    Entry{DType::kI32, "I32", 32},
    Entry{DType::kU32, "U32", 32},
    Entry{DType::kF32, "F32", 32},
    Entry{DType::kC64, "C64", 64},
    Entry{DType::kF64, "F64", 64},
    Entry{DType::kI64, "I64", 64},
    Entry{DType::kU64, "U64", 64},
};

constexpr auto kDTypes = [] {
  std::array<DType, kEntries.size()> dtypes{};
  std::ranges::transform(kEntries, dtypes.begin(), &Entry::dtype);
  return dtypes;
}();

// The table is indexed by the enum.
static_assert([] {
  for (std::size_t i = 0; i < kEntries.size(); ++i) {
    if (kEntries[i].dtype != static_cast<DType>(i)) return false;
  }
  return true;
}());

const Entry& entry(DType dtype) { return kEntries[static_cast<std::size_t>(dtype)]; }

Error too_large(std::span<const int64_t> shape, std::string_view where) {
  return Error({.what = "shape " + shape_text(shape) + " has more than 2^63 elements or bytes",
                .where = std::string(where),
                .remedy = "the file is damaged; fetch or write it again"});
}

}  // namespace

std::span<const DType> all_dtypes() { return kDTypes; }

std::string_view dtype_name(DType dtype) { return entry(dtype).name; }

int dtype_bits(DType dtype) { return entry(dtype).bits; }

std::optional<DType> dtype_from_name(std::string_view name) {
  const auto found = std::ranges::find(kEntries, name, &Entry::name);
  if (found == kEntries.end()) return std::nullopt;
  return found->dtype;
}

std::string shape_text(std::span<const int64_t> shape) {
  std::string text = "[";
  for (const int64_t axis : shape) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(axis);
  }
  return text + "]";
}

int64_t element_count(std::span<const int64_t> shape, std::string_view where) {
  int64_t product =
      1;  // of the non-empty axes: strides are made of it even where there is no element
  bool empty = false;
  for (const int64_t axis : shape) {
    if (axis < 0) {
      throw Error({.what = "shape " + shape_text(shape) + " has a negative axis",
                   .where = std::string(where),
                   .remedy = "every axis must be 0 or more"});
    }
    if (axis == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(product, axis, &product)) {
      throw too_large(shape, where);
    }
  }
  return empty ? 0 : product;
}

int64_t byte_count(DType dtype, std::span<const int64_t> shape, std::string_view where) {
  int64_t bits = 0;
  if (__builtin_mul_overflow(element_count(shape, where), dtype_bits(dtype), &bits)) {
    throw too_large(shape, where);
  }
  if (bits % 8 != 0) {
    throw Error({.what = "shape " + shape_text(shape) + " of " + std::string(dtype_name(dtype)) +
                         " is " + std::to_string(bits) + " bits, expected whole bytes",
                 .where = std::string(where),
                 .remedy = "pad the last axis so that its packed elements fill whole bytes"});
  }
  return bits / 8;
}

}  // namespace relata::io
