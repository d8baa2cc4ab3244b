// JSON read strictly: what another reader might take differently is an error with its place.
// Include <nlohmann/json.hpp> in the source that uses the values; it is heavy.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace relata::io {

/// Deepest nesting of arrays and objects that is read; a real document has fewer than ten.
inline constexpr int kJsonDepth = 256;

/// One JSON document. Throws Error at `where`:line:column for bad syntax, invalid UTF-8, a
/// duplicate key, nesting beyond kJsonDepth, numbers that neither 64-bit integers nor doubles hold,
/// and anything after the document. `first_line` is the number of the line that `text` starts on.
nlohmann::json parse_json_strict(std::string_view text, std::string_view where,
                                 int64_t first_line = 1);

/// The number, or null where it is undefined or infinite: JSON has neither.
nlohmann::json number_or_null(double value);

/// The reverse: NaN for null.
double number_or_nan(const nlohmann::json& value);

/// One line of JSON Lines, without its end: compact, keys sorted. Throws Error if a string is not
/// UTF-8.
std::string to_line(const nlohmann::json& value);

}  // namespace relata::io
