// The Unicode operations of the normalizers, of the versions that the public `tokenizers` library
// 0.22 uses: decomposition and composition of Unicode 9, lower case of Unicode 17.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace relata::text {

/// A version of Unicode as 100 · major + 10 · minor: 900 is 9.0, 1510 is 15.1.
using UnicodeVersion = int;

/// The version in which ICU says `code` was assigned; 0 if it knows none.
UnicodeVersion assigned_since(char32_t code);

enum class NormalForm { kNfc, kNfd, kNfkc, kNfkd };

/// One code point of a rewritten text and what became of the old one at its place: 0 replaces one,
/// +1 is inserted after the last, −n replaces one and swallows n more.
struct Change {
  char32_t code = 0;
  int32_t change = 0;
};

/// `text` in normal form, with the changes of the library (its crate
/// unicode-normalization-alignments).
std::vector<Change> normalised(const std::u32string& text, NormalForm form);

/// Whether `code` neither changes nor combines with a neighbour in any normal form. (A following
/// mark may still combine with it.)
bool is_steady(char32_t code);

/// Lower case without context: one code point, except that U+0130 gives two.
std::u32string lower_case(char32_t code);

}  // namespace relata::text
