// Reads a binary file from front to back; nothing is taken that is not there.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "relata/base/error.h"
#include "relata/io/little_endian.h"

namespace relata::io {

class ByteReader {
 public:
  /// `where` names the file in errors.
  ByteReader(std::span<const std::byte> bytes, std::string_view where)
      : bytes_(bytes), where_(where) {}

  uint64_t at() const { return at_; }
  uint64_t left() const { return bytes_.size() - at_; }
  const std::string& where() const { return where_; }

  /// The next little-endian number. Throws Error, naming `what` was read, if the file ends first.
  template <std::integral Number>
  Number number(std::string_view what) {
    require(sizeof(Number), what);
    const Number number = load_le<Number>(bytes_, at_);
    at_ += sizeof(Number);
    return number;
  }

  /// The next `length` bytes, not copied. Throws Error as number() does.
  std::span<const std::byte> take(uint64_t length, std::string_view what) {
    require(length, what);
    const auto taken = bytes_.subspan(at_, length);
    at_ += length;
    return taken;
  }

  std::string_view text(uint64_t length, std::string_view what) {
    const auto taken = take(length, what);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }

  /// An Error at the file.
  Error fault(std::string what) const;

 private:
  void require(uint64_t length, std::string_view what) const;

  std::span<const std::byte> bytes_;
  std::string where_;
  uint64_t at_ = 0;
};

}  // namespace relata::io
