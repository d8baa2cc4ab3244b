// UTF-8 by code points: decoding one, appending one, and mending broken text as Python does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace relata::text {

inline constexpr char32_t kReplacement = 0xFFFD;

struct Decoded {
  char32_t code = 0;
  uint32_t size = 0;  ///< bytes, 1..4
};

/// The code point at `at`. `text` is valid UTF-8 and `at` < size starts a code point.
inline Decoded decode_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return static_cast<uint32_t>(static_cast<unsigned char>(text[at + i]));
  };
  const uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xE0) return {(lead & 0x1FU) << 6U | (byte(1) & 0x3FU), 2};
  if (lead < 0xF0) return {(lead & 0xFU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU), 3};
  return {
      (lead & 7U) << 18U | (byte(1) & 0x3FU) << 12U | (byte(2) & 0x3FU) << 6U | (byte(3) & 0x3FU),
      4};
}

/// The code point that ends before `end` > 0.
inline Decoded decode_before(std::string_view text, std::size_t end) {
  std::size_t at = end - 1;
  while ((static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) --at;
  return decode_at(text, at);
}

inline uint32_t utf8_size(char32_t code) {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

inline void append_utf8(std::string& text, char32_t code) {
  const auto push = [&](uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  const auto rest = [&](uint32_t shift) { push(0x80U | ((code >> shift) & 0x3FU)); };
  if (code < 0x80) return push(code);
  if (code < 0x800) {
    push(0xC0U | code >> 6U);
  } else if (code < 0x10000) {
    push(0xE0U | code >> 12U);
    rest(6);
  } else {
    push(0xF0U | code >> 18U);
    rest(12);
    rest(6);
  }
  rest(0);
}

/// `bytes` as valid UTF-8: each maximal part of a broken sequence becomes one U+FFFD, as
/// `bytes.decode(errors="replace")` of Python and Unicode 15, section 3.9 (table 3-8) have it.
std::string mend_utf8(std::string_view bytes);

/// The number of code points of valid UTF-8.
std::size_t count_code_points(std::string_view text);

}  // namespace relata::text
