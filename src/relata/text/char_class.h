// What kind of character a code point is, as the public `tokenizers` library 0.22 sees it.
// Its parts were built with tables of different Unicode versions, so one question ("is this
// punctuation?") has the answer of one version and another has the answer of another. ICU knows in
// which version a code point was assigned; what ICU itself is too old for is listed in
// char_class.cpp. All answers were compared with the library, code point by code point.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace relata::text {

enum CharClass : uint16_t {
  kLetter = 1U << 0U,       ///< \p{L} of its regular expressions (Unicode 16)
  kNumber = 1U << 1U,       ///< \p{N} of its regular expressions (Unicode 16)
  kSpace = 1U << 2U,        ///< White_Space
  kNumeric = 1U << 3U,      ///< Nd, Nl, No of the Digits pre-tokenizer (Unicode 17)
  kWord = 1U << 4U,         ///< \w of the Whitespace pre-tokenizer and of added tokens (Unicode 16)
  kPunctuation = 1U << 5U,  ///< BERT's: ASCII's signs and P* (Unicode 8)
  kControl = 1U << 6U,      ///< what BERT's cleaning drops: Cc, Cf, Co (Unicode 8), U+0000, U+FFFD
  kAccent = 1U << 7U,       ///< Mn of BERT's accent stripping (Unicode 8)
  kMark = 1U << 8U,         ///< M* of StripAccents (Unicode 9)
  kIdeograph = 1U << 9U,    ///< the CJK blocks that BERT sets apart
  kSteady = 1U << 10U,  ///< combining class 0, unchanged by and neutral in all four normal forms
};

/// The classes of every code point, in blocks of 256 that are shared where they are equal.
class CharTable {
 public:
  CharTable();
  uint16_t operator[](char32_t code) const { return blocks_[index_[code >> 8U]][code & 0xFFU]; }

 private:
  using Block = std::array<uint16_t, 256>;
  std::array<uint16_t, 0x1100> index_ = {};
  std::vector<Block> blocks_;
};

/// Built at the first call (a few milliseconds), then shared.
const CharTable& char_table();

/// The code points of kLetter, kNumber or kWord that an old ICU does not know, as the inside of a
/// set of its regular expressions.
std::string newer_than_icu(CharClass name);

inline bool is(char32_t code, uint16_t classes) { return (char_table()[code] & classes) != 0; }

}  // namespace relata::text
