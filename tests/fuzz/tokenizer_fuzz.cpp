// Two halves of an input, cut at the first zero byte: a tokenizer.json, which loads or is refused
// by an Error; and bytes, which every tokenizer encodes to known ids with offsets within the text.
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fuzz/fuzz.h"
#include "relata/text/byte_alphabet.h"
#include "relata/text/presets.h"
#include "relata/text/utf8.h"
#include "support/scratch.h"

namespace {

using namespace relata;

/// GPT-2's way with a few merges: every byte has a token, so decoding gives the text back.
text::Tokenizer small() {
  text::Vocabulary vocabulary;
  for (const char32_t letter : text::byte_alphabet()) {
    std::string token;
    text::append_utf8(token, letter);
    vocabulary.add(token, vocabulary.size(), "fuzz");
  }
  const std::vector<text::MergePair> merges = {{"a", "b"}, {"ab", "ab"}, {"Ġ", "a"}, {"Ã", "©"}};
  for (const auto& [left, right] : merges) {
    vocabulary.add(left + right, vocabulary.size(), "fuzz");
  }
  return text::byte_level_tokenizer(std::move(vocabulary), merges, {}, "fuzz");
}

void check(const text::Tokenizer& tokenizer, std::string_view bytes) {
  const auto length = static_cast<int64_t>(text::count_code_points(text::mend_utf8(bytes)));
  const text::Encoding encoding =
      tokenizer.encode(bytes, {.special = text::InText::kParse, .add_special = true});
  fuzz::require(encoding.offsets.size() == encoding.ids.size());
  for (const text::Offset& offset : encoding.offsets) {
    fuzz::require(offset.begin >= 0 && offset.begin <= offset.end);
  }
  const text::Encoding plain = tokenizer.encode(bytes);
  const text::Encoding quick = tokenizer.encode(bytes, {.offsets = false});
  fuzz::require(plain.ids == quick.ids);
  for (const text::Offset& offset : plain.offsets) fuzz::require(offset.end <= length);
  fuzz::require(text::mend_utf8(tokenizer.decode(plain.ids)) == tokenizer.decode(plain.ids));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  static const text::Tokenizer kSmall = small();
  static const test::Scratch kFolder;
  const std::string_view input = fuzz::as_text(data, size);
  const std::size_t cut = std::min(input.find('\0'), input.size());
  const std::string_view bytes = input.substr(std::min(cut + 1, input.size()));
  check(kSmall, bytes);
  fuzz::require(kSmall.decode(kSmall.encode(bytes).ids) == text::mend_utf8(bytes));
  fuzz::allow_error([&] {
    const auto path = kFolder.write("tokenizer.json", input.substr(0, cut));
    const text::Tokenizer tokenizer = text::Tokenizer::load(path);
    const text::Encoding quick = tokenizer.encode(bytes, {.offsets = false});
    fuzz::require(quick.ids == tokenizer.encode(bytes).ids);
    tokenizer.decode(quick.ids);
  });
  return 0;
}
