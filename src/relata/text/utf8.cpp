#include "relata/text/utf8.h"

#include <algorithm>

#include "relata/io/utf8.h"

namespace relata::text {
namespace {

/// The second bytes that may follow `lead`; Unicode 15, table 3-7.
struct Range {
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
};

Range second_bytes(unsigned char lead) {
  switch (lead) {
    case 0xE0:
      return {0xA0, 0xBF};
    case 0xED:
      return {0x80, 0x9F};
    case 0xF0:
      return {0x90, 0xBF};
    case 0xF4:
      return {0x80, 0x8F};
    default:
      return {};
  }
}

std::size_t wanted_size(unsigned char lead) {
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 1;
}

/// Bytes of the longest start of a sequence at the front of `bytes`, which is broken there.
std::size_t broken_size(std::string_view bytes) {
  const auto lead = static_cast<unsigned char>(bytes[0]);
  const std::size_t wanted = std::min(wanted_size(lead), bytes.size());
  std::size_t size = 1;
  while (size < wanted) {
    const Range range = size == 1 ? second_bytes(lead) : Range{};
    const auto byte = static_cast<unsigned char>(bytes[size]);
    if (byte < range.low || byte > range.high) break;
    ++size;
  }
  return size;
}

}  // namespace

std::string mend_utf8(std::string_view bytes) {
  std::string mended;
  mended.reserve(bytes.size());
  while (true) {
    const auto broken = io::invalid_utf8_at(bytes);
    mended += bytes.substr(0, broken.value_or(bytes.size()));
    if (!broken) return mended;
    bytes.remove_prefix(*broken);
    append_utf8(mended, kReplacement);
    bytes.remove_prefix(broken_size(bytes));
  }
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace relata::text
