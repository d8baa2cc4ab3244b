// What the lexical part compares: lower-cased words, and trigrams of characters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace relata::index {

/// The maximal runs of \w (letters, marks, digits, connecting punctuation) in their order,
/// lower-cased. Broken UTF-8 becomes U+FFFD, which is no \w.
std::vector<std::string> words(std::string_view text);

/// Three code points, 21 bits each.
using Trigram = uint64_t;

/// All runs of three characters of "^" + lower-cased text + "$", in their order; none for an empty
/// text.
std::vector<Trigram> trigrams(std::string_view text);

}  // namespace relata::index
