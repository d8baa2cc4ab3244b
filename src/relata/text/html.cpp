#include "relata/text/html.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <optional>

#include "relata/text/utf8.h"

namespace relata::text {
namespace {

struct Entity {
  std::string_view name;
  std::string_view text;
};

constexpr Entity kEntities[] = {
#include "relata/text/html_entities.inc"
};

// What the standard makes of the C1 controls: they were meant as Windows-1252.
constexpr std::array<char32_t, 32> kWindows1252 = {
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

std::optional<std::string_view> entity(std::string_view name) {
  const auto* const found = std::ranges::lower_bound(kEntities, name, {}, &Entity::name);
  if (found == std::end(kEntities) || found->name != name) return std::nullopt;
  return found->text;
}

/// Code points that no reference may name; the reference vanishes.
bool is_forbidden(uint64_t code) {
  return (code >= 1 && code <= 8) || code == 0xB || (code >= 0xE && code <= 0x1F) ||
         (code >= 0x7F && code <= 0x9F) || (code >= 0xFDD0 && code <= 0xFDEF) ||
         (code & 0xFFFEU) == 0xFFFE;
}

void append_numeric(std::string& out, uint64_t code) {
  if (code == 0 || (code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF) {
    return append_utf8(out, kReplacement);
  }
  if (code >= 0x80 && code <= 0x9F) return append_utf8(out, kWindows1252[code - 0x80]);
  if (!is_forbidden(code)) append_utf8(out, static_cast<char32_t>(code));
}

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

/// Takes "#38;" or "#x26" from the front of `rest`; false if it is no numeric reference.
bool take_numeric(std::string_view& rest, std::string& out) {
  if (!rest.starts_with('#')) return false;
  const bool hex = rest.size() > 1 && (rest[1] == 'x' || rest[1] == 'X');
  const int base = hex ? 16 : 10;
  const std::size_t first = hex ? 2 : 1;
  std::size_t at = first;
  uint64_t code = 0;
  for (; at < rest.size() && digit_value(rest[at]) < base; ++at) {
    code = std::min<uint64_t>(
        code * static_cast<uint64_t>(base) + static_cast<uint64_t>(digit_value(rest[at])),
        0x110000);
  }
  if (at == first) return false;
  if (at < rest.size() && rest[at] == ';') ++at;
  append_numeric(out, code);
  rest.remove_prefix(at);
  return true;
}

/// The longest text that may be a name: up to 32 code points without certain signs, and a ';'.
std::string_view candidate(std::string_view rest) {
  constexpr std::string_view kEnds = "\t\n\f <&#;";
  std::size_t at = 0;
  for (int count = 0; count < 32 && at < rest.size() && kEnds.find(rest[at]) == kEnds.npos;
       ++count) {
    at += decode_at(rest, at).size;
  }
  if (at > 0 && at < rest.size() && rest[at] == ';') ++at;
  return rest.substr(0, at);
}

void take_named(std::string_view& rest, std::string& out) {
  const std::string_view name = candidate(rest);
  for (std::size_t size = name.size(); size > 1; --size) {
    const auto text = entity(name.substr(0, size));
    if (!text) continue;
    out += *text;
    rest.remove_prefix(size);
    // The rest of the candidate is not looked at again.
    out += rest.substr(0, name.size() - size);
    rest.remove_prefix(name.size() - size);
    return;
  }
  out += '&';
  out += name;
  rest.remove_prefix(name.size());
}

}  // namespace

std::string unescape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (true) {
    const std::size_t ampersand = text.find('&');
    out += text.substr(0, ampersand);
    if (ampersand == text.npos) return out;
    text.remove_prefix(ampersand + 1);
    if (!take_numeric(text, out)) take_named(text, out);
  }
}

}  // namespace relata::text
