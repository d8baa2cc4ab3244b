#include "relata/io/number.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace relata::io {
namespace {

/// Whether `text` is `lower` in either case.
bool equals_word(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

bool is_missing(std::string_view text) {
  const std::string_view cell = trimmed(text);
  return cell.empty() || equals_word(cell, "na") || equals_word(cell, "nan");
}

std::optional<double> parse_number(std::string_view text) {
  if (is_missing(text)) return std::numeric_limits<double>::quiet_NaN();
  std::string_view cell = trimmed(text);
  if (cell.starts_with('+')) {  // from_chars takes a minus only
    cell.remove_prefix(1);
    if (cell.starts_with('-')) return std::nullopt;
  }
  if (cell.ends_with(')')) return std::nullopt;  // from_chars takes "nan(payload)"
  double value = 0;
  const auto [end, fault] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (end != cell.data() + cell.size() || fault == std::errc::invalid_argument) return std::nullopt;
  if (fault ==
      std::errc::result_out_of_range) {  // too large or too small: the exponent's sign tells
    const bool small =
        cell.find("e-") != std::string_view::npos || cell.find("E-") != std::string_view::npos;
    return small ? std::optional(0.0) : std::nullopt;
  }
  return value;
}

}  // namespace relata::io
