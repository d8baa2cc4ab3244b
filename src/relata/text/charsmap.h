// SentencePiece's precompiled normalization rules: a double-array trie of the texts to replace and
// the texts they become. Layout: size of the trie in bytes (uint32), the trie (Darts: uint32
// units), then zero-terminated UTF-8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relata::text {

class Charsmap {
 public:
  /// Throws Error naming `where` if the rules are cut off or inconsistent.
  Charsmap(std::string_view rules, std::string_view where);

  /// What the shortest rule that `text` starts with makes of it, as the library does.
  std::optional<std::string_view> replacement(std::string_view text) const;

 private:
  std::vector<uint32_t> units_;
  std::string texts_;
};

/// Throws Error naming `where` if `text` is no base64.
std::string decode_base64(std::string_view text, std::string_view where);

}  // namespace relata::text
