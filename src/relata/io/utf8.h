// Text that may not be what it claims: where UTF-8 breaks, and a safe excerpt for error messages.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace relata::io {

/// Byte offset of the first sequence that is not UTF-8 (overlong forms, surrogates and values
/// beyond U+10FFFF count); nothing if all of `text` is valid.
std::optional<std::size_t> invalid_utf8_at(std::string_view text);

/// `text` in double quotes, at most about 60 bytes of it, on one line; control characters, quotes
/// and broken UTF-8 as escapes, so that a message built from any file is printable.
std::string excerpt(std::string_view text);

}  // namespace relata::io
