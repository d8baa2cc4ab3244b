// Post-processors of tokenizer.json: the tokens around a text or a pair of texts.
#pragma once

#include <memory>
#include <vector>

#include "relata/text/encoding.h"
#include "relata/text/json_node.h"

namespace relata::text {

class PostProcessor {
 public:
  virtual ~PostProcessor() = default;
  /// Tokens that `apply` adds to one text or to a pair.
  virtual int64_t added(bool pair) const = 0;
  /// Rewrites one encoding or two into parts that are joined afterwards. Without `add_special` only
  /// offsets, types and the order change.
  virtual void apply(std::vector<Encoding>& parts, bool add_special) const = 0;
  /// Whether `apply` reads the margins of tokens.
  virtual bool trims() const { return false; }
};

using PostProcessorPtr = std::unique_ptr<const PostProcessor>;

/// TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel, Sequence. Throws Error naming
/// the component for anything else.
PostProcessorPtr read_post_processor(const JsonNode& node);

/// [CLS] A [SEP], [CLS] A [SEP] B [SEP] with types 0 and 1.
PostProcessorPtr bert_processor(int32_t cls, int32_t sep);

struct RobertaOptions {
  int32_t cls = 0;
  int32_t sep = 2;
  bool trim_offsets = true;
  bool add_prefix_space = true;
};
/// <s> A </s>, <s> A </s></s> B </s>, all of type 0.
PostProcessorPtr roberta_processor(RobertaOptions options);

PostProcessorPtr byte_level_processor(bool trim_offsets, bool add_prefix_space);

/// `bos` A, `bos` A `bos` B: OPT. Before it, offsets are trimmed as by ByteLevel if asked.
PostProcessorPtr prefix_processor(int32_t bos);

}  // namespace relata::text
