// WordPiece: the longest piece of the vocabulary that a word starts with, then the longest that the
// rest starts with, and so on; a word with an unknown part is unknown as a whole. Source: Devlin,
// Chang, Lee, Toutanova, "BERT", 2019 (code of the release).
#pragma once

#include <string>
#include <vector>

#include "relata/text/model.h"

namespace relata::text {

struct WordPieceOptions {
  std::string unknown = "[UNK]";
  std::string prefix = "##";   ///< of every piece but a word's first
  int64_t longest_word = 100;  ///< in code points; longer ones are unknown
};

class WordPiece : public Model {
 public:
  WordPiece(Vocabulary vocabulary, WordPieceOptions options);

  void tokenize(std::string_view piece, std::vector<Token>& out) const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  std::optional<int32_t> unknown() const override { return unknown_; }

 private:
  bool add_pieces(std::string_view word, std::vector<Token>& out) const;

  Vocabulary vocabulary_;
  Vocabulary continuing_;  ///< without their prefix
  WordPieceOptions options_;
  std::optional<int32_t> unknown_;
  std::size_t longest_ = 0;  ///< bytes of the longest piece
};

ModelPtr read_word_piece(const JsonNode& node);

}  // namespace relata::text
