#include "relata/text/vocabulary_files.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/json.h"
#include "relata/io/text_file.h"
#include "relata/io/utf8.h"
#include "relata/text/byte_alphabet.h"
#include "relata/text/char_class.h"
#include "relata/text/utf8.h"

namespace relata::text {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLargestFile = uint64_t{512} << 20U;
constexpr std::size_t kClipMerges = 49152 - 256 - 2;

std::string read_valid(const fs::path& path) {
  std::string text = io::read_text(path, kLargestFile);
  if (const auto broken = io::invalid_utf8_at(text)) {
    throw Error({.what = "is not valid UTF-8 at byte " + std::to_string(*broken),
                 .where = path.string(),
                 .remedy = "save the file as UTF-8 text"});
  }
  return text;
}

/// The lines of a text with their numbers from 0; \r before \n goes, and the last \n ends nothing.
template <typename Visit>
void for_each_line(std::string_view text, const Visit& visit) {
  for (std::size_t number = 0; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    visit(line, number);
    if (end == text.npos) return;
    text.remove_prefix(end + 1);
  }
}

MergePair split_merge(std::string_view line, const fs::path& path, std::size_t number) {
  const std::size_t space = line.find(' ');
  if (space == line.npos || line.find(' ', space + 1) != line.npos || space == 0 ||
      space + 1 == line.size()) {
    throw Error({.what = io::excerpt(line) + " is no merge, expected two tokens and a space",
                 .where = path.string() + ":" + std::to_string(number + 1)});
  }
  return {std::string(line.substr(0, space)), std::string(line.substr(space + 1))};
}

std::string_view without_space_at_end(std::string_view line) {
  while (!line.empty()) {
    const auto [code, size] = decode_before(line, line.size());
    if (!is(code, kSpace)) break;
    line.remove_suffix(size);
  }
  return line;
}

/// The 256 letters in CLIP's order: printable bytes first.
std::vector<std::string> clip_letters() {
  std::vector<std::string> letters;
  constexpr auto kAlphabet = byte_alphabet();
  for (const bool printable : {true, false}) {
    for (const char32_t letter : kAlphabet) {
      if ((letter < 0x100) != printable) continue;
      append_utf8(letters.emplace_back(), letter);
    }
  }
  return letters;
}

}  // namespace

Vocabulary read_vocab_json(const fs::path& path) {
  const std::string text = read_valid(path);
  const nlohmann::json document = io::parse_json_strict(text, path.string());
  return read_vocabulary(JsonNode(document, path.string()));
}

Vocabulary read_vocab_txt(const fs::path& path) {
  const std::string text = read_valid(path);
  Vocabulary vocabulary;
  for_each_line(text, [&](std::string_view line, std::size_t number) {
    vocabulary.add(without_space_at_end(line), static_cast<int64_t>(number),
                   path.string() + ":" + std::to_string(number + 1));
  });
  return vocabulary;
}

std::vector<MergePair> read_merges_txt(const fs::path& path) {
  const std::string text = read_valid(path);
  std::vector<MergePair> merges;
  for_each_line(text, [&](std::string_view line, std::size_t number) {
    if (line.starts_with("#version")) return;
    if (std::cmp_greater(merges.size(), kMostTokens)) {
      throw Error({.what = "has more than " + std::to_string(kMostTokens) + " merges",
                   .where = path.string()});
    }
    merges.push_back(split_merge(line, path, number));
  });
  return merges;
}

ClipVocabulary read_clip_merges(const fs::path& path, bool irra) {
  const std::string text = read_valid(path);
  ClipVocabulary clip;
  for_each_line(text, [&](std::string_view line, std::size_t number) {
    if (number > 0 && number <= kClipMerges) {
      clip.merges.push_back(split_merge(line, path, number));
    }
  });
  if (clip.merges.size() != kClipMerges) {
    throw Error({.what = "has " + std::to_string(clip.merges.size()) +
                         " merges, expected at least " + std::to_string(kClipMerges),
                 .where = path.string(),
                 .remedy = "use the file of the CLIP release"});
  }
  if (irra) clip.merges.pop_back();
  int64_t id = 0;
  const auto add = [&](const std::string& token) {
    clip.vocabulary.add(token, id++, path.string());
  };
  const std::vector<std::string> letters = clip_letters();
  for (const std::string& letter : letters) add(letter);
  for (const std::string& letter : letters) add(letter + "</w>");
  for (const auto& [left, right] : clip.merges) add(left + right);
  if (irra) add("<|mask|>");
  add("<|startoftext|>");
  add("<|endoftext|>");
  return clip;
}

}  // namespace relata::text
