#include "relata/io/number.h"
#include "relata/base/ascii.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

namespace relata::io {
namespace {

/// Whether `text` is `lower` in either case.
bool equals_word(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, {}, [](char c) { return ascii_lower(c); });
}

/// Whether a decimal number that no double holds is too small, not too large: whether its first
/// digit that is not 0 stands, with the exponent counted in, behind the point.
bool is_tiny(std::string_view number) {
  if (number.starts_with('-')) number.remove_prefix(1);
  const std::string_view digits = number.substr(0, number.find_first_of("eE"));
  const std::string_view whole = digits.substr(0, digits.find('.'));
  const auto length = [](std::string_view text) { return static_cast<int64_t>(text.size()); };
  const std::size_t first = digits.find_first_of("123456789");
  // A number of this order is 0.d… · 10^order, d > 0.
  const int64_t order = first < whole.size() ? length(whole) - static_cast<int64_t>(first)
                                             : length(whole) + 1 - static_cast<int64_t>(first);
  std::string_view power = number.substr(std::min(digits.size() + 1, number.size()));
  if (power.starts_with('+')) power.remove_prefix(1);
  int64_t exponent = 0;
  const auto [end, fault] = std::from_chars(power.data(), power.data() + power.size(), exponent);
  if (fault == std::errc::result_out_of_range) return power.starts_with('-');
  return exponent < -order;
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
  if (fault == std::errc::result_out_of_range) {
    return is_tiny(cell) ? std::optional(0.0) : std::nullopt;
  }
  return value;
}

}  // namespace relata::io
