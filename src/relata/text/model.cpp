#include "relata/text/model.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "relata/io/utf8.h"
#include "relata/text/bpe.h"
#include "relata/text/unigram.h"
#include "relata/text/word_level.h"
#include "relata/text/word_piece.h"

namespace relata::text {
namespace {

/// Old files do not say; each kind has a key of its own.
std::string type_of(const JsonNode& node) {
  if (const auto type = node.find("type")) return type->text();
  if (node.find("merges")) return "BPE";
  if (node.find("unk_id")) return "Unigram";
  return node.find("continuing_subword_prefix") ? "WordPiece" : "WordLevel";
}

}  // namespace

void Model::tokenize_bytes(std::string_view /*piece*/, std::vector<Token>& /*out*/) const {
  throw std::logic_error("this model does not read bytes");
}

Vocabulary read_vocabulary(const JsonNode& node) {
  if (!node.value().is_object()) node.refuse("is no object of tokens and ids");
  Vocabulary vocabulary;
  vocabulary.reserve(node.value().size());
  for (const auto& [token, id] : node.value().items()) {
    if (!id.is_number_integer()) {
      node.refuse("has token " + io::excerpt(token) + " with " + id.dump() +
                  ", expected a whole number");
    }
    vocabulary.add(token, id.get<int64_t>(), node.where());
  }
  return vocabulary;
}

std::string byte_token(unsigned byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  return {'<', '0', 'x', kDigits[byte >> 4U], kDigits[byte & 0xFU], '>'};
}

ModelPtr read_model(const JsonNode& node) {
  const std::string type = type_of(node);
  if (type == "BPE") return read_bpe(node);
  if (type == "WordPiece") return read_word_piece(node);
  if (type == "Unigram") return read_unigram(node);
  if (type == "WordLevel") return read_word_level(node);
  node.refuse_type("model", {"BPE", "WordPiece", "Unigram", "WordLevel"});
}

}  // namespace relata::text
