// Normalizers of tokenizer.json: what is done to a text before it is cut.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "relata/text/json_node.h"
#include "relata/text/tracked_text.h"

namespace relata::text {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void apply(TrackedText& text) const = 0;
};

using NormalizerPtr = std::unique_ptr<const Normalizer>;

/// BertNormalizer, NFC, NFD, NFKC, NFKD, Nmt, Lowercase, StripAccents, Strip, Replace, Prepend,
/// ByteLevel, Precompiled, Sequence. Throws Error naming the component for anything else.
NormalizerPtr read_normalizer(const JsonNode& node);

struct BertCleaning {
  bool clean_text = true;
  bool chinese = true;  ///< ideographs become words of their own
  bool strip_accents = true;
  bool lowercase = true;
};
NormalizerPtr bert_normalizer(BertCleaning cleaning);

/// CLIP's as Hugging Face does it: NFC, white space to one space, lower case.
NormalizerPtr clip_normalizer();

/// CLIP's as OpenAI does it but for ftfy, which becomes NFC: HTML unescaped twice, stripped, white
/// space to one space, lower case (irra.md §2.3).
NormalizerPtr openai_normalizer();

}  // namespace relata::text
