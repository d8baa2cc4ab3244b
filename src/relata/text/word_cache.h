// Remembers the tokens of words that were seen lately, within 5 MB. Not to be shared by
// threads. Direct-mapped: a new word takes the place of an old one.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relata/text/hash.h"

namespace relata::text {

class WordCache {
 public:
  WordCache() : short_(kShortSlots), long_(kLongSlots) {}

  /// Appends the tokens of `word` to `out`; if they are not known, calls `tokenize(word)`, which
  /// gives them as a span of ids.
  template <typename Tokenize>
  void append(std::string_view word, std::vector<int32_t>& out, const Tokenize& tokenize) {
    if (word.size() < sizeof(Key)) {
      append_short(word, out, tokenize);
    } else if (word.size() <= kLongestWord) {
      append_long(word, out, tokenize);
    } else {
      append_all(out, tokenize(word));
    }
  }

 private:
  static constexpr std::size_t kShortSlots = std::size_t{1} << 16U;  // of 32 bytes: 2 MiB
  static constexpr std::size_t kLongSlots = std::size_t{1} << 12U;
  static constexpr std::size_t kLongestWord = 128;
  static constexpr std::size_t kShortIds = 3;

  /// A word of at most 15 bytes and, in the last byte, its size.
  struct Key {
    uint64_t low = 0;
    uint64_t high = 0;
    bool operator==(const Key&) const = default;
  };
  struct Short {
    Key key;
    std::array<int32_t, kShortIds> ids = {};
    uint32_t count = 0;
  };
  struct Long {
    std::string word;
    std::vector<int32_t> ids;
  };

  static Key key_of(std::string_view word) {
    Key key;
    std::memcpy(&key, word.data(), word.size());
    key.high |= static_cast<uint64_t>(word.size()) << 56U;
    return key;
  }

  static void append_all(std::vector<int32_t>& out, std::span<const int32_t> ids) {
    out.insert(out.end(), ids.begin(), ids.end());
  }

  template <typename Tokenize>
  void append_short(std::string_view word, std::vector<int32_t>& out, const Tokenize& tokenize) {
    const Key key = key_of(word);
    Short& slot = short_[mix(key.low, key.high) & (kShortSlots - 1)];
    if (slot.key == key) {
      append_all(out, std::span(slot.ids).first(slot.count));
      return;
    }
    const std::span<const int32_t> ids = tokenize(word);
    append_all(out, ids);
    if (ids.size() > kShortIds) return;
    slot.key = key;
    slot.count = static_cast<uint32_t>(ids.size());
    std::copy(ids.begin(), ids.end(), slot.ids.begin());
  }

  template <typename Tokenize>
  void append_long(std::string_view word, std::vector<int32_t>& out, const Tokenize& tokenize) {
    Long& slot = long_[hash_bytes(word) & (kLongSlots - 1)];
    if (slot.word != word) {
      const std::span<const int32_t> ids = tokenize(word);
      slot.ids.assign(ids.begin(), ids.end());
      slot.word = word;
    }
    append_all(out, slot.ids);
  }

  std::vector<Short> short_;
  std::vector<Long> long_;
};

}  // namespace relata::text
