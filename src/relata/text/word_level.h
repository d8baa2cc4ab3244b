// One token a word.
#pragma once

#include <string>
#include <vector>

#include "relata/text/model.h"

namespace relata::text {

class WordLevel : public Model {
 public:
  WordLevel(Vocabulary vocabulary, std::string unknown);

  void tokenize(std::string_view piece, std::vector<Token>& out) const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  std::optional<int32_t> unknown() const override { return unknown_; }

 private:
  Vocabulary vocabulary_;
  std::string unknown_token_;
  std::optional<int32_t> unknown_;
};

ModelPtr read_word_level(const JsonNode& node);

}  // namespace relata::text
