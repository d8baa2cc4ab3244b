// GPT-2's alphabet: each byte stands as one printable character, so that vocabularies are text.
// Source: the "Language Models are Unsupervised Multitask Learners" release; also irra.md §2.3.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace relata::text {

/// The character of each byte: itself where it is printable in Latin-1, else U+0100, U+0101, … in
/// order.
constexpr std::array<char32_t, 256> byte_alphabet() {
  std::array<char32_t, 256> letters = {};
  char32_t next = 0x100;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
    letters[byte] = printable ? byte : next++;
  }
  return letters;
}

/// The byte that `letter` stands for, if any.
std::optional<unsigned char> byte_of(char32_t letter);

/// Each byte by its letter, as UTF-8.
std::string to_letters(std::string_view bytes);

/// The reverse; nothing if `letters` holds any other character.
std::optional<std::string> from_letters(std::string_view letters);

}  // namespace relata::text
