// Models of tokenizer.json: from a piece of text to tokens.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relata/text/json_node.h"
#include "relata/text/vocabulary.h"

namespace relata::text {

struct Token {
  int32_t id = 0;
  uint32_t begin = 0;  ///< bytes of the piece
  uint32_t end = 0;
};

class Model {
 public:
  virtual ~Model() = default;

  /// Appends the tokens of a piece, which is not empty and valid UTF-8. Throws Error if the piece
  /// holds something unknown and the model has no token for that.
  virtual void tokenize(std::string_view piece, std::vector<Token>& out) const = 0;

  /// Whether `tokenize_bytes` may be used.
  virtual bool reads_bytes() const { return false; }
  /// The tokens of a piece that was not spelled in the byte alphabet, as `tokenize` gives them for
  /// the spelled one but for the spans, which are empty.
  virtual void tokenize_bytes(std::string_view piece, std::vector<Token>& out) const;

  virtual const Vocabulary& vocabulary() const = 0;
  /// The number of entries, of which several may be the same token.
  virtual int64_t size() const { return vocabulary().size(); }
  /// The token of what is unknown, if the model has one.
  virtual std::optional<int32_t> unknown() const = 0;
  /// What the last token of a word ends with ("</w>"), or nothing.
  virtual std::string_view word_end() const { return {}; }
};

using ModelPtr = std::unique_ptr<const Model>;

/// BPE, WordPiece, Unigram, WordLevel. Throws Error naming the place for anything else and for
/// contradictory content.
ModelPtr read_model(const JsonNode& node);

/// {"token": id, …}. Throws Error naming the place for anything else.
Vocabulary read_vocabulary(const JsonNode& node);

/// <0xNN>: the token of a byte where characters are unknown.
std::string byte_token(unsigned byte);

}  // namespace relata::text
