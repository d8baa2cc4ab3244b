// Numbers of fixed width in a file's bytes, at any alignment; and the one bounds check they need.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace relata::io {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they lie");

/// Whether `length` bytes from `offset` on lie within `size` bytes; nothing can overflow.
constexpr bool lies_within(uint64_t offset, uint64_t length, uint64_t size) {
  return offset <= size && length <= size - offset;
}

/// The number at `offset`; the caller has checked that it lies within `bytes`.
template <std::integral Number>
Number load_le(std::span<const std::byte> bytes, uint64_t offset) {
  Number number{};
  std::memcpy(&number, bytes.data() + offset, sizeof(Number));
  return number;
}

}  // namespace relata::io
