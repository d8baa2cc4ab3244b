// Text to token ids and back, identical to the public `tokenizers` library (0.22.2).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relata/text/added_tokens.h"
#include "relata/text/decoder.h"
#include "relata/text/encoding.h"
#include "relata/text/model.h"
#include "relata/text/normalizer.h"
#include "relata/text/post_processor.h"
#include "relata/text/pre_tokenizer.h"

namespace relata::text {

class Pieces;

/// What special tokens in the text are: themselves, or words like any other. Added tokens that are
/// not special are found either way.
enum class InText { kParse, kPlain };

struct EncodeOptions {
  InText special = InText::kPlain;
  bool add_special = false;  ///< the tokens of the template: [CLS] … [SEP]
  bool offsets = true;
  std::optional<Truncation> truncation = {};
  std::optional<Padding> padding = {};  ///< without a length: nothing to do for a single text
};

struct SpecialIds {
  std::optional<int32_t> bos, eos, pad, unk, cls, sep, mask;
};

/// How CLIP cleans a caption: as Hugging Face does, or as OpenAI does.
enum class ClipCleaning { kHf, kOpenai };

struct LoadOptions {
  ClipCleaning clip_cleaning = ClipCleaning::kHf;
  /// IRRA's: the last token of CLIP's merges ("jekyll") gives its id 49405 to <|mask|>.
  bool irra_mask = false;
  /// 0 or 49407 (the default, the end of text): the published CLIP models differ.
  std::optional<int32_t> clip_pad = {};
};

class Tokenizer {
 public:
  struct Parts {
    NormalizerPtr normalizer = nullptr;       ///< may be null
    PreTokenizerPtr pre_tokenizer = nullptr;  ///< may be null
    ModelPtr model = nullptr;
    PostProcessorPtr post_processor = nullptr;  ///< may be null
    DecoderPtr decoder = nullptr;               ///< may be null: tokens with spaces between
    std::vector<AddedToken> added = {};
    SpecialIds special = {};
    std::optional<Truncation> truncation = {};
    std::optional<Padding> padding = {};
  };

  /// A folder or one file. Of a folder: tokenizer.json, else vocab.json with merges.txt, else
  /// vocab.txt, else bpe_simple_vocab_16e6.txt.gz; with tokenizer_config.json and
  /// special_tokens_map.json where they are. Throws Error with file and place for anything
  /// malformed, contradictory or not supported.
  static Tokenizer load(const std::filesystem::path& path, const LoadOptions& options = {});

  explicit Tokenizer(Parts parts);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  /// Broken UTF-8 is first mended as Python's bytes.decode(errors="replace") does. Safe to call
  /// concurrently, as everything here. Throws Error for texts of 2 GiB and more, for characters
  /// that the model has no token for, and for a truncation that is not possible.
  Encoding encode(std::string_view text, const EncodeOptions& options = {}) const;
  Encoding encode_pair(std::string_view first, std::string_view second,
                       const EncodeOptions& options = {}) const;
  /// Ids alone, texts in parallel; padded to one length if asked.
  std::vector<std::vector<int32_t>> encode_batch(std::span<const std::string_view> texts,
                                                 EncodeOptions options = {}) const;
  /// Ids without a token are left out.
  std::string decode(std::span<const int32_t> ids, bool skip_special = true) const;

  /// The number of tokens, added ones included.
  int64_t vocab_size() const;
  std::optional<int32_t> token_to_id(std::string_view token) const;
  std::optional<std::string> id_to_token(int32_t id) const;
  const SpecialIds& special() const { return parts_.special; }
  /// What the file asks for; never applied unless given to encode.
  const std::optional<Truncation>& truncation() const { return parts_.truncation; }
  const std::optional<Padding>& padding() const { return parts_.padding; }

 private:
  class Workspaces;

  Pieces pieces_of(std::string_view text, const EncodeOptions& options, bool tracked) const;
  Encoding ids_of(std::string_view text, const EncodeOptions& options, int32_t type) const;
  Encoding tracked_ids_of(std::string_view text, const EncodeOptions& options, int32_t type) const;
  Encoding encode_texts(std::span<const std::string_view> texts,
                        const EncodeOptions& options) const;
  Encoding finish(std::vector<Encoding> parts, const EncodeOptions& options) const;

  Parts parts_;
  AddedTokens added_;
  bool bytes_ = false;  ///< pieces go to the model as bytes
  std::unique_ptr<Workspaces> workspaces_;
};

}  // namespace relata::text
