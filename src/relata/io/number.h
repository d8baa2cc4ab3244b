// Numbers as they stand in tables, read the same way under every locale.
#pragma once

#include <optional>
#include <string_view>

namespace relata::io {

/// `text` without spaces around it.
std::string_view trimmed(std::string_view text);

/// Whether a cell says that there is no value: empty, NA or NaN, in either case, spaces around it
/// ignored.
bool is_missing(std::string_view text);

/// The nearest double; quiet NaN for a missing value, ±infinity for inf and infinity. Nothing if
/// the text is not a decimal number or is beyond the doubles; what is too small for them is zero.
std::optional<double> parse_number(std::string_view text);

}  // namespace relata::io
