// Tokenizers of the published families, from their vocabularies: everything that a tokenizer.json
// would say, for models that come without one.
#pragma once

#include <string>

#include "relata/text/tokenizer.h"
#include "relata/text/vocabulary_files.h"

namespace relata::text {

struct BertPreset {
  bool lowercase = true;
  bool chinese = true;
  std::optional<bool> strip_accents = {};  ///< as lowercase, if nothing is said
};
/// Throws Error naming `where` if [CLS], [SEP] or [UNK] is not in the vocabulary.
Tokenizer bert_tokenizer(Vocabulary vocabulary, const BertPreset& preset, const std::string& where);

/// The special tokens by name and what is done around a text.
struct ByteLevelPreset {
  enum class Around { kNothing, kBos, kRoberta };  ///< GPT-2; OPT; RoBERTa
  Around around = Around::kNothing;
  bool add_prefix_space = false;
  bool trim_offsets = false;
  std::string bos = "<|endoftext|>";
  std::string eos = "<|endoftext|>";
  std::string unk = "<|endoftext|>";
  std::string pad = {};
  std::string cls = {};
  std::string sep = {};
  std::string mask = {};
};
ByteLevelPreset roberta_preset();
ByteLevelPreset opt_preset();
Tokenizer byte_level_tokenizer(Vocabulary vocabulary, const std::vector<MergePair>& merges,
                               const ByteLevelPreset& preset, const std::string& where);

struct ClipPreset {
  ClipCleaning cleaning = ClipCleaning::kHf;
  bool mask = false;  ///< the vocabulary holds <|mask|>
  std::optional<int32_t> pad = {};
};
Tokenizer clip_tokenizer(Vocabulary vocabulary, const std::vector<MergePair>& merges,
                         const ClipPreset& preset, const std::string& where);

/// The vocabulary of a GGUF file, in plain values (keys tokenizer.ggml.*).
struct GgufVocabulary {
  std::string model = "gpt2";            ///< model
  std::string pre = "gpt-2";             ///< pre
  std::vector<std::string> tokens = {};  ///< tokens; the place is the id
  std::vector<int32_t> types = {};       ///< token_type: 3 control, 4 user defined; may be empty
  std::vector<std::string> merges = {};  ///< merges, "left right"
  std::optional<int32_t> bos, eos, pad, unk;
  bool add_bos = false;
};
/// Throws Error naming `where` for another model or pre-tokenizer than those known, and for values
/// that contradict each other.
Tokenizer gguf_tokenizer(const GgufVocabulary& vocabulary, const std::string& where);

}  // namespace relata::text
