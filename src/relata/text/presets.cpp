#include "relata/text/presets.h"

#include <algorithm>
#include <array>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/utf8.h"
#include "relata/text/bpe.h"
#include "relata/text/word_piece.h"

namespace relata::text {
namespace {

int32_t require(const Vocabulary& vocabulary, const std::string& token, const std::string& where) {
  if (const auto id = vocabulary.find(token)) return *id;
  throw Error({.what = "the vocabulary has no token " + io::excerpt(token),
               .where = where,
               .remedy = "use the vocabulary of the model, or a tokenizer.json"});
}

std::optional<int32_t> find(const Vocabulary& vocabulary, const std::string& token) {
  return token.empty() ? std::nullopt : vocabulary.find(token);
}

AddedToken special(std::string content) {
  return {.content = std::move(content), .normalized = false, .special = true};
}

std::vector<AddedToken> specials(const Vocabulary& vocabulary,
                                 const std::vector<std::string>& names) {
  std::vector<AddedToken> added;
  for (const std::string& name : names) {
    const bool known =
        std::ranges::any_of(added, [&](const AddedToken& token) { return token.content == name; });
    if (!known && find(vocabulary, name)) added.push_back(special(name));
  }
  return added;
}

struct Scheme {
  std::string_view name;
  PreTokenizerPtr (*make)();
};

constexpr std::string_view kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

PreTokenizerPtr plain_bytes() { return byte_level_pre_tokenizer(false); }
PreTokenizerPtr llama3() { return split_pre_tokenizer(std::string(kLlama3)); }
PreTokenizerPtr qwen2() { return split_pre_tokenizer(std::string(kQwen2)); }

constexpr std::array<Scheme, 9> kSchemes = {{{"gpt-2", plain_bytes},
                                             {"gpt2", plain_bytes},
                                             {"roberta-bpe", plain_bytes},
                                             {"smollm", smollm_pre_tokenizer},
                                             {"llama-bpe", llama3},
                                             {"llama3", llama3},
                                             {"llama-v3", llama3},
                                             {"qwen2", qwen2},
                                             {"default", plain_bytes}}};

PreTokenizerPtr pre_tokenizer_of(const std::string& name, const std::string& where) {
  const auto* const found = std::ranges::find(kSchemes, name, &Scheme::name);
  if (found != kSchemes.end()) return found->make();
  std::string names;
  for (const Scheme& scheme : kSchemes) {
    names += (names.empty() ? "" : ", ") + std::string(scheme.name);
  }
  throw Error({.what = "pre-tokenizer " + io::excerpt(name) + " is not supported",
               .where = where,
               .remedy = "known are " + names});
}

constexpr int32_t kControlToken = 3;
constexpr int32_t kUserDefinedToken = 4;

std::vector<AddedToken> gguf_added(const GgufVocabulary& vocabulary) {
  std::vector<AddedToken> added;
  for (std::size_t id = 0; id < vocabulary.types.size(); ++id) {
    const int32_t type = vocabulary.types[id];
    if (type != kControlToken && type != kUserDefinedToken) continue;
    AddedToken token = special(vocabulary.tokens[id]);
    token.special = type == kControlToken;
    added.push_back(std::move(token));
  }
  return added;
}

std::vector<MergePair> gguf_merges(const GgufVocabulary& vocabulary, const std::string& where) {
  std::vector<MergePair> merges;
  merges.reserve(vocabulary.merges.size());
  for (const std::string& merge : vocabulary.merges) {
    const std::size_t space = merge.find(' ', 1);
    if (merge.empty() || space == merge.npos || space + 1 == merge.size()) {
      throw Error({.what = "merge " + io::excerpt(merge) + " is not two tokens and a space",
                   .where = where});
    }
    merges.emplace_back(merge.substr(0, space), merge.substr(space + 1));
  }
  return merges;
}

void check_gguf(const GgufVocabulary& vocabulary, const std::string& where) {
  const auto refuse = [&](const std::string& what, const std::string& remedy) {
    throw Error({.what = what, .where = where, .remedy = remedy});
  };
  if (vocabulary.model != "gpt2") {
    refuse("tokenizer model " + io::excerpt(vocabulary.model) + " is not supported",
           "known is gpt2");
  }
  if (!vocabulary.types.empty() && vocabulary.types.size() != vocabulary.tokens.size()) {
    refuse("there are " + std::to_string(vocabulary.types.size()) + " token types for " +
               std::to_string(vocabulary.tokens.size()) + " tokens",
           "write the file again");
  }
  for (const auto& id : {vocabulary.bos, vocabulary.eos, vocabulary.pad, vocabulary.unk}) {
    if (id && (*id < 0 || std::cmp_greater_equal(*id, vocabulary.tokens.size()))) {
      refuse("special token id " + std::to_string(*id) + " is no id of the vocabulary",
             "write the file again");
    }
  }
}

}  // namespace

Tokenizer bert_tokenizer(Vocabulary vocabulary, const BertPreset& preset,
                         const std::string& where) {
  Tokenizer::Parts parts;
  const int32_t cls = require(vocabulary, "[CLS]", where);
  const int32_t sep = require(vocabulary, "[SEP]", where);
  require(vocabulary, "[UNK]", where);
  parts.special = {.pad = find(vocabulary, "[PAD]"),
                   .unk = find(vocabulary, "[UNK]"),
                   .cls = cls,
                   .sep = sep,
                   .mask = find(vocabulary, "[MASK]")};
  parts.added = specials(vocabulary, {"[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"});
  parts.normalizer =
      bert_normalizer({.chinese = preset.chinese,
                       .strip_accents = preset.strip_accents.value_or(preset.lowercase),
                       .lowercase = preset.lowercase});
  parts.pre_tokenizer = bert_pre_tokenizer();
  parts.model = std::make_unique<WordPiece>(std::move(vocabulary), WordPieceOptions{});
  parts.post_processor = bert_processor(cls, sep);
  parts.decoder = word_piece_decoder("##", true);
  return Tokenizer(std::move(parts));
}

ByteLevelPreset roberta_preset() {
  return {.around = ByteLevelPreset::Around::kRoberta,
          .trim_offsets = true,
          .bos = "<s>",
          .eos = "</s>",
          .unk = "<unk>",
          .pad = "<pad>",
          .cls = "<s>",
          .sep = "</s>",
          .mask = "<mask>"};
}

ByteLevelPreset opt_preset() {
  return {.around = ByteLevelPreset::Around::kBos,
          .bos = "</s>",
          .eos = "</s>",
          .unk = "</s>",
          .pad = "<pad>"};
}

Tokenizer byte_level_tokenizer(Vocabulary vocabulary, const std::vector<MergePair>& merges,
                               const ByteLevelPreset& preset, const std::string& where) {
  using Around = ByteLevelPreset::Around;
  Tokenizer::Parts parts;
  parts.special = {.bos = find(vocabulary, preset.bos),
                   .eos = find(vocabulary, preset.eos),
                   .pad = find(vocabulary, preset.pad),
                   .unk = find(vocabulary, preset.unk),
                   .cls = find(vocabulary, preset.cls),
                   .sep = find(vocabulary, preset.sep),
                   .mask = find(vocabulary, preset.mask)};
  parts.added = specials(vocabulary, {preset.bos, preset.eos, preset.unk, preset.sep, preset.pad,
                                      preset.cls, preset.mask});
  for (AddedToken& token : parts.added) {
    token.lstrip = token.content == preset.mask && preset.around == Around::kRoberta;
  }
  parts.pre_tokenizer = byte_level_pre_tokenizer(preset.add_prefix_space);
  if (preset.around == Around::kRoberta) {
    parts.post_processor = roberta_processor({.cls = require(vocabulary, preset.cls, where),
                                              .sep = require(vocabulary, preset.sep, where),
                                              .trim_offsets = preset.trim_offsets,
                                              .add_prefix_space = preset.add_prefix_space});
  } else if (preset.around == Around::kBos) {
    parts.post_processor = prefix_processor(require(vocabulary, preset.bos, where));
  } else if (preset.trim_offsets) {
    parts.post_processor = byte_level_processor(true, preset.add_prefix_space);
  }
  parts.model = std::make_unique<Bpe>(std::move(vocabulary), merges, BpeOptions{}, where);
  parts.decoder = byte_level_decoder();
  return Tokenizer(std::move(parts));
}

Tokenizer clip_tokenizer(Vocabulary vocabulary, const std::vector<MergePair>& merges,
                         const ClipPreset& preset, const std::string& where) {
  const std::string start = "<|startoftext|>";
  const std::string end = "<|endoftext|>";
  const bool openai = preset.cleaning == ClipCleaning::kOpenai;
  Tokenizer::Parts parts;
  const int32_t bos = require(vocabulary, start, where);
  const int32_t eos = require(vocabulary, end, where);
  parts.special = {.bos = bos, .eos = eos, .pad = preset.pad.value_or(eos), .unk = eos};
  parts.added = specials(vocabulary, {start, end});
  if (preset.mask) {
    parts.special.mask = require(vocabulary, "<|mask|>", where);
    parts.added.push_back(special("<|mask|>"));
  }
  parts.normalizer = openai ? openai_normalizer() : clip_normalizer();
  parts.pre_tokenizer = clip_pre_tokenizer(true);
  parts.model = std::make_unique<Bpe>(std::move(vocabulary), merges,
                                      BpeOptions{.unknown = end, .word_end = "</w>"}, where);
  parts.post_processor =
      roberta_processor({.cls = bos, .sep = eos, .trim_offsets = false, .add_prefix_space = false});
  parts.decoder = clip_decoder("</w>", !openai);
  return Tokenizer(std::move(parts));
}

Tokenizer gguf_tokenizer(const GgufVocabulary& vocabulary, const std::string& where) {
  check_gguf(vocabulary, where);
  Vocabulary tokens;
  tokens.reserve(vocabulary.tokens.size());
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    tokens.add(vocabulary.tokens[id], static_cast<int64_t>(id), where);
  }
  Tokenizer::Parts parts;
  parts.special = {
      .bos = vocabulary.bos, .eos = vocabulary.eos, .pad = vocabulary.pad, .unk = vocabulary.unk};
  parts.added = gguf_added(vocabulary);
  parts.pre_tokenizer = pre_tokenizer_of(vocabulary.pre, where);
  parts.model =
      std::make_unique<Bpe>(std::move(tokens), gguf_merges(vocabulary, where), BpeOptions{}, where);
  if (vocabulary.add_bos && vocabulary.bos)
    parts.post_processor = prefix_processor(*vocabulary.bos);
  parts.decoder = byte_level_decoder();
  return Tokenizer(std::move(parts));
}

}  // namespace relata::text
