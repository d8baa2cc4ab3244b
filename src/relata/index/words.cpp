#include "relata/index/words.h"
#include "relata/base/ascii.h"

#include <algorithm>

#include "relata/text/char_class.h"
#include "relata/text/unicode.h"
#include "relata/text/utf8.h"

namespace relata::index {
namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

bool is_ascii_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Lower-cases each code point of any text and gives it to `take(code, is \w)`. U+0130 becomes two.
template <typename Take>
void lower_cased(std::string_view text, const Take& take) {
  const std::string whole = text::mend_utf8(text);
  for (size_t at = 0; at < whole.size();) {
    const text::Decoded next = text::decode_at(whole, at);
    at += next.size;
    const bool in_word = text::is(next.code, text::kWord);
    for (const char32_t code : text::lower_case(next.code)) take(code, in_word);
  }
}

std::vector<std::string> ascii_words(std::string_view text) {
  std::vector<std::string> found;
  for (size_t at = 0; at < text.size();) {
    if (!is_ascii_word(text[at])) {
      ++at;
      continue;
    }
    std::string word;
    for (; at < text.size() && is_ascii_word(text[at]); ++at) word += ascii_lower(text[at]);
    found.push_back(std::move(word));
  }
  return found;
}

}  // namespace

std::vector<std::string> words(std::string_view text) {
  if (is_ascii(text)) return ascii_words(text);
  std::vector<std::string> found;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) found.push_back(std::move(word));
    word.clear();
  };
  lower_cased(text, [&](char32_t code, bool in_word) {
    if (in_word) {
      text::append_utf8(word, code);
    } else {
      finish();
    }
  });
  finish();
  return found;
}

std::vector<Trigram> trigrams(std::string_view text) {
  constexpr Trigram kTwo = (Trigram{1} << 42U) - 1;  // the last two code points
  std::vector<Trigram> found;
  Trigram last = 0;
  int seen = 0;
  const auto take = [&](char32_t code) {
    last = (last & kTwo) << 21U | code;
    if (++seen >= 3) found.push_back(last);
  };
  take(U'^');
  if (is_ascii(text)) {
    for (const char c : text) take(static_cast<unsigned char>(ascii_lower(c)));
  } else {
    lower_cased(text, [&](char32_t code, bool) { take(code); });
  }
  take(U'$');
  return found;
}

}  // namespace relata::index
