#include "relata/report/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace relata::report {
namespace {

struct Rune {
  char32_t code;
  std::string_view bytes;  ///< what is written for it
  std::size_t consumed;    ///< what was read for it
};

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::size_t length_by_lead(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;  // a continuation, or an overlong form
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF5 ? 4 : 0;
}

bool well_formed(char32_t code, std::size_t length) {
  constexpr std::array<char32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code >= kLeast[length] && code <= 0x10FFFF && !surrogate;
}

/// Of a text that is not empty.
Rune first_rune(std::string_view text) {
  const Rune broken{0xFFFD, kReplacement, 1};
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = length_by_lead(lead);
  if (length == 0 || length > text.size()) return broken;
  char32_t code = length == 1 ? lead : lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0U) != 0x80U) return broken;
    code = (code << 6U) | (next & 0x3FU);
  }
  if (!well_formed(code, length)) return broken;
  return {code, text.substr(0, length), length};
}

/// Control characters (an escape sequence in a class name would drive the terminal) and XML's
/// non-characters.
bool forbidden(char32_t code) {
  if (code == '\n' || code == '\t' || code == '\r') return false;
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0xFFFE || code == 0xFFFF;
}

std::vector<Rune> runes(std::string_view text) {
  std::vector<Rune> result;
  result.reserve(text.size());
  while (!text.empty()) {
    Rune rune = first_rune(text);
    text.remove_prefix(rune.consumed);
    if (forbidden(rune.code)) rune = {0xFFFD, kReplacement, rune.consumed};
    result.push_back(rune);
  }
  return result;
}

struct Interval {
  char32_t first;
  char32_t last;
};

template <std::size_t count>
bool within(const std::array<Interval, count>& intervals, char32_t code) {
  return std::any_of(intervals.begin(), intervals.end(), [code](const Interval& interval) {
    return code >= interval.first && code <= interval.last;
  });
}

std::size_t columns_of(char32_t code) {
  constexpr std::array<Interval, 5> kNone{
      {{0x300, 0x36F}, {0x1AB0, 0x1AFF}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}}};
  constexpr std::array<Interval, 10> kTwo{{{0x1100, 0x115F},
                                           {0x2E80, 0x303E},
                                           {0x3041, 0xA4CF},
                                           {0xAC00, 0xD7A3},
                                           {0xF900, 0xFAFF},
                                           {0xFE30, 0xFE6F},
                                           {0xFF00, 0xFF60},
                                           {0xFFE0, 0xFFE6},
                                           {0x1F300, 0x1FAFF},
                                           {0x20000, 0x3FFFD}}};
  if (within(kNone, code)) return 0;
  return within(kTwo, code) ? 2 : 1;
}

std::string_view entity(char32_t code) {
  switch (code) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string result;
  for (const Rune& rune : runes(text)) {
    const bool space = rune.code == '\n' || rune.code == '\t' || rune.code == '\r';
    result += space ? " " : rune.bytes;
  }
  return result;
}

std::string escape(std::string_view text) {
  std::string result;
  for (const Rune& rune : runes(text)) {
    const std::string_view replaced = entity(rune.code);
    result += replaced.empty() ? rune.bytes : replaced;
  }
  return result;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (const Rune& rune : runes(text)) width += columns_of(rune.code);
  return width;
}

std::string shorten(std::string_view text, std::size_t columns) {
  std::string line = one_line(text);
  if (display_width(line) <= columns) return line;
  std::string result;
  std::size_t width = 1;  // the ellipsis
  for (const Rune& rune : runes(line)) {
    width += columns_of(rune.code);
    if (width > columns) break;
    result += rune.bytes;
  }
  while (!result.empty() && result.back() == ' ') result.pop_back();
  return result + "…";
}

std::vector<std::string> wrap(std::string_view text, std::size_t columns, std::size_t lines) {
  std::vector<std::string> result;
  std::string rest = one_line(text);
  while (result.size() + 1 < lines && display_width(rest) > columns) {
    std::size_t cut = 0;
    for (std::size_t at = rest.find(' '); at != std::string::npos; at = rest.find(' ', at + 1)) {
      if (display_width(std::string_view(rest).substr(0, at)) > columns) break;
      cut = at;
    }
    if (cut == 0) break;  // the first word alone is too long
    result.push_back(rest.substr(0, cut));
    rest.erase(0, cut + 1);
  }
  result.push_back(shorten(rest, columns));
  return result;
}

std::string with_thousands(std::int64_t number) {
  std::string digits = fmt::format("{}", number);
  const std::ptrdiff_t sign = number < 0 ? 1 : 0;
  for (auto at = std::ssize(digits) - 3; at > sign; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

}  // namespace relata::report
