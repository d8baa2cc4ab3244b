// The words of a condition, with their places.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace relata::index {

enum class TokenKind { kName, kQuotedName, kText, kNumber, kSign, kEnd };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;  ///< without quotes, escapes resolved
  size_t at = 0;     ///< byte at which it begins
};

/// Ends with a kEnd. Throws FilterError for a text without its end, an unknown escape, a character
/// that begins nothing, and text that is not UTF-8.
std::vector<Token> tokens_of(std::string_view condition);

}  // namespace relata::index
