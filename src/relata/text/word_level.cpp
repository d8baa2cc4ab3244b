#include "relata/text/word_level.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/utf8.h"

namespace relata::text {

WordLevel::WordLevel(Vocabulary vocabulary, std::string unknown)
    : vocabulary_(std::move(vocabulary)),
      unknown_token_(std::move(unknown)),
      unknown_(vocabulary_.find(unknown_token_)) {}

void WordLevel::tokenize(std::string_view piece, std::vector<Token>& out) const {
  auto id = vocabulary_.find(piece);
  if (!id) id = unknown_;
  if (!id) {
    throw Error({.what = "the unknown token " + io::excerpt(unknown_token_) +
                         " is not in the vocabulary, and the text holds " + io::excerpt(piece),
                 .remedy = "add the token to the vocabulary"});
  }
  out.push_back({*id, 0, static_cast<uint32_t>(piece.size())});
}

ModelPtr read_word_level(const JsonNode& node) {
  return std::make_unique<WordLevel>(read_vocabulary(node.at("vocab")),
                                     node.text_or("unk_token", "<unk>"));
}

}  // namespace relata::text
