#include "relata/text/word_piece.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/utf8.h"
#include "relata/text/utf8.h"

namespace relata::text {

WordPiece::WordPiece(Vocabulary vocabulary, WordPieceOptions options)
    : vocabulary_(std::move(vocabulary)),
      options_(std::move(options)),
      unknown_(vocabulary_.find(options_.unknown)) {
  for (int64_t i = 0; i < vocabulary_.size(); ++i) {
    const std::string_view token = vocabulary_.token_at(i);
    longest_ = std::max(longest_, token.size());
    if (token.starts_with(options_.prefix)) {
      continuing_.add(token.substr(options_.prefix.size()), vocabulary_.id_at(i), "");
    }
  }
}

/// False if a part is unknown; then some tokens may have been added.
bool WordPiece::add_pieces(std::string_view word, std::vector<Token>& out) const {
  for (std::size_t begin = 0; begin < word.size();) {
    const Vocabulary& pieces = begin == 0 ? vocabulary_ : continuing_;
    std::size_t end = std::min(word.size(), begin + longest_);
    std::optional<int32_t> id;
    for (; end > begin; --end) {
      const bool within =
          end < word.size() && (static_cast<unsigned char>(word[end]) & 0xC0U) == 0x80U;
      if (within) continue;
      id = pieces.find(word.substr(begin, end - begin));
      if (id) break;
    }
    if (!id) return false;
    out.push_back({*id, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
    begin = end;
  }
  return true;
}

void WordPiece::tokenize(std::string_view piece, std::vector<Token>& out) const {
  const std::size_t before = out.size();
  const bool too_long = std::cmp_greater(piece.size(), options_.longest_word) &&
                        std::cmp_greater(count_code_points(piece), options_.longest_word);
  if (!too_long && add_pieces(piece, out)) return;
  out.resize(before);
  if (!unknown_) {
    throw Error({.what = "the unknown token " + io::excerpt(options_.unknown) +
                         " is not in the vocabulary, and the text holds " + io::excerpt(piece),
                 .remedy = "add the token to the vocabulary"});
  }
  out.push_back({*unknown_, 0, static_cast<uint32_t>(piece.size())});
}

ModelPtr read_word_piece(const JsonNode& node) {
  WordPieceOptions options;
  options.unknown = node.text_or("unk_token", options.unknown);
  options.prefix = node.text_or("continuing_subword_prefix", options.prefix);
  if (const auto longest = node.find("max_input_chars_per_word")) {
    options.longest_word = longest->integer(0, INT32_MAX);
  }
  return std::make_unique<WordPiece>(read_vocabulary(node.at("vocab")), std::move(options));
}

}  // namespace relata::text
