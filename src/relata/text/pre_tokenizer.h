// Pre-tokenizers of tokenizer.json: how a text is cut before the model sees it.
#pragma once

#include <memory>
#include <string>

#include "relata/text/json_node.h"
#include "relata/text/pieces.h"

namespace relata::text {

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  /// Cuts; pieces are spelled in GPT-2's byte alphabet afterwards if this says so.
  virtual void apply(Pieces& pieces) const = 0;
  /// The same but for the spelling: bytes stay bytes. For models that read bytes.
  virtual void apply_to_bytes(Pieces& pieces) const { apply(pieces); }
  /// Whether the last thing that it does is to spell bytes in the alphabet, and nothing before.
  virtual bool spells_bytes() const { return false; }
};

using PreTokenizerPtr = std::unique_ptr<const PreTokenizer>;

/// BertPreTokenizer, ByteLevel, Whitespace, WhitespaceSplit, CharDelimiterSplit, Split, Digits,
/// Punctuation, Metaspace, Sequence. Throws Error naming the component for anything else.
PreTokenizerPtr read_pre_tokenizer(const JsonNode& node);

PreTokenizerPtr bert_pre_tokenizer();
PreTokenizerPtr byte_level_pre_tokenizer(bool add_prefix_space);
/// Digits one by one, then ByteLevel: SmolLM.
PreTokenizerPtr smollm_pre_tokenizer();
/// CLIP's words, then bytes. OpenAI's list starts with the two special tokens.
PreTokenizerPtr clip_pre_tokenizer(bool specials);
/// What `expression` matches is set apart, then bytes: Llama 3, Qwen 2.
PreTokenizerPtr split_pre_tokenizer(const std::string& expression);

}  // namespace relata::text
