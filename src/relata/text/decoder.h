// Decoders of tokenizer.json: from tokens back to text.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "relata/text/json_node.h"

namespace relata::text {

class Decoder {
 public:
  virtual ~Decoder() = default;
  /// The text is what remains, joined without anything between.
  virtual void apply(std::vector<std::string>& tokens) const = 0;
};

using DecoderPtr = std::unique_ptr<const Decoder>;

/// WordPiece, ByteLevel, BPEDecoder, Metaspace, CTC, Replace, Fuse, Strip, ByteFallback, Sequence.
/// Throws Error naming the component for anything else.
DecoderPtr read_decoder(const JsonNode& node);

DecoderPtr word_piece_decoder(std::string prefix, bool cleanup);
DecoderPtr byte_level_decoder();
/// Bytes, then `word_end` becomes a space; `strip`: without white space at the ends.
DecoderPtr clip_decoder(std::string word_end, bool strip);

}  // namespace relata::text
