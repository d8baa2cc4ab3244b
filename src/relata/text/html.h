// HTML character references, as Python's html.unescape replaces them (HTML 5, section 13.2.5.73).
#pragma once

#include <string>
#include <string_view>

namespace relata::text {

/// `text` is valid UTF-8; so is the result.
std::string unescape_html(std::string_view text);

}  // namespace relata::text
