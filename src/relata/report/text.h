// Text that strangers wrote, made safe and measured: class names, captions and configurations reach
// terminals, HTML and SVG through these functions only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace relata::report {

/// Well-formed UTF-8 on one line: broken bytes and control characters become U+FFFD, line breaks
/// and tabs a space.
std::string one_line(std::string_view text);

/// For HTML and XML, inside elements and quoted attributes alike. Line breaks and tabs stay; what
/// XML forbids, and broken bytes, become U+FFFD.
std::string escape(std::string_view text);

/// Terminal columns of `one_line(text)`: 0 for combining marks, 2 for CJK and emoji, 1 for the rest
/// (±, –, é).
std::size_t display_width(std::string_view text);

/// `one_line(text)` cut to at most `columns` columns (at least 1), with an ellipsis where something
/// was cut.
std::string shorten(std::string_view text, std::size_t columns);

/// Broken between words into at most `lines` lines of `columns` columns; the last is shortened.
/// Never empty.
std::vector<std::string> wrap(std::string_view text, std::size_t columns, std::size_t lines);

/// 1234567 → "1,234,567".
std::string with_thousands(std::int64_t number);

}  // namespace relata::report
