#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/utf8.h"
#include "relata/models/gguf_keys.h"
#include "relata/models/gguf_model.h"

namespace relata::models {
namespace {

using nlohmann::json;

json byte_level(bool own_split) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", true},
          {"use_regex", own_split}};
}

json split_by(const char* regex) {
  const json split{{"type", "Split"},
                   {"pattern", {{"Regex", regex}}},
                   {"behavior", "Isolated"},
                   {"invert", false}};
  return {{"type", "Sequence"}, {"pretokenizers", {split, byte_level(false)}}};
}

// The splitting rules that Llama 3 and Qwen 2 publish in their tokenizer.json.
constexpr const char* kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

json pre_tokenizer(const std::string& name, const std::string& where) {
  if (name == "gpt-2" || name == "gpt2" || name == "roberta-bpe" || name == "default")
    return byte_level(true);
  if (name == "smollm") {
    const json digits{{"type", "Digits"}, {"individual_digits", true}};
    return {{"type", "Sequence"}, {"pretokenizers", {digits, byte_level(true)}}};
  }
  if (name == "llama-bpe" || name == "llama3" || name == "llama-v3") return split_by(kLlama3);
  if (name == "qwen2") return split_by(kQwen2);
  throw Error({.what = "the pre-tokenizer " + io::excerpt(name) + " is not known",
               .where = where,
               .remedy = "known are gpt-2, roberta-bpe, smollm, llama-bpe, qwen2, default"});
}

// token_type of GGUF.
constexpr int64_t kControl = 3;
constexpr int64_t kUserDefined = 4;

json added_tokens(const std::vector<std::string_view>& tokens, const std::vector<int64_t>& types) {
  json added = json::array();
  for (size_t id = 0; id < types.size(); ++id) {
    if (types[id] != kControl && types[id] != kUserDefined) continue;
    added.push_back({{"id", id},
                     {"content", tokens[id]},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", types[id] == kControl}});
  }
  return added;
}

json merges_of(const std::vector<std::string_view>& merges, const std::string& where) {
  json pairs = json::array();
  for (const std::string_view merge : merges) {
    const size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos || merge.find(' ', space + 1) != std::string_view::npos)
      throw Error({.what = "the merge " + io::excerpt(merge), .where = where});
    pairs.push_back({merge.substr(0, space), merge.substr(space + 1)});
  }
  return pairs;
}

}  // namespace

GgufTokenizer gguf_tokenizer_files(const io::GgufContent& content, const std::string& where) {
  const GgufKeys keys(content, where);
  if (keys.text("tokenizer.ggml.model") != "gpt2") {
    throw Error({.what = "a tokenizer of kind '" + keys.text("tokenizer.ggml.model") +
                         "' in a GGUF file is not known",
                 .where = where,
                 .remedy = "known is gpt2: byte-level BPE"});
  }
  const std::string pre =
      keys.has("tokenizer.ggml.pre") ? keys.text("tokenizer.ggml.pre") : "default";
  const auto tokens = keys.texts("tokenizer.ggml.tokens");
  const auto types = keys.has("tokenizer.ggml.token_type")
                         ? keys.integers("tokenizer.ggml.token_type")
                         : std::vector<int64_t>(tokens.size(), 1);
  if (types.size() != tokens.size()) {
    throw Error({.what = fmt::format("{} types for {} tokens", types.size(), tokens.size()),
                 .where = where});
  }
  json vocabulary = json::object();
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (io::invalid_utf8_at(tokens[id]) || vocabulary.contains(tokens[id])) {
      throw Error({.what = fmt::format("token {} {} is there twice or no UTF-8", id,
                                       io::excerpt(tokens[id])),
                   .where = where});
    }
    vocabulary[std::string(tokens[id])] = id;
  }
  const auto token_of = [&](const char* key) -> std::optional<std::string> {
    const auto id = keys.maybe_integer(key);
    if (!id) return std::nullopt;
    if (*id < 0 || std::cmp_greater_equal(*id, tokens.size()))
      keys.fail(key, "the number of a token");
    return std::string(tokens[static_cast<size_t>(*id)]);
  };
  json tokenizer{{"version", "1.0"},
                 {"truncation", nullptr},
                 {"padding", nullptr},
                 {"added_tokens", added_tokens(tokens, types)},
                 {"normalizer", nullptr},
                 {"pre_tokenizer", pre_tokenizer(pre, where)},
                 {"post_processor", nullptr},
                 {"decoder", byte_level(true)},
                 {"model",
                  {{"type", "BPE"},
                   {"dropout", nullptr},
                   {"unk_token", nullptr},
                   {"continuing_subword_prefix", nullptr},
                   {"end_of_word_suffix", nullptr},
                   {"fuse_unk", false},
                   {"byte_fallback", false},
                   {"vocab", vocabulary},
                   {"merges", merges_of(keys.texts("tokenizer.ggml.merges"), where)}}}};
  json config{{"tokenizer_class", "PreTrainedTokenizerFast"},
              {"model_max_length", keys.integer("llama.context_length")}};
  for (const auto& [ours, theirs] : {std::pair("bos_token", "tokenizer.ggml.bos_token_id"),
                                     std::pair("eos_token", "tokenizer.ggml.eos_token_id"),
                                     std::pair("unk_token", "tokenizer.ggml.unknown_token_id"),
                                     std::pair("pad_token", "tokenizer.ggml.padding_token_id")}) {
    if (const auto token = token_of(theirs)) config[ours] = *token;
  }
  if (keys.has("tokenizer.chat_template"))
    config["chat_template"] = keys.text("tokenizer.chat_template");
  if (keys.boolean("tokenizer.ggml.add_bos_token", false) && config.contains("bos_token")) {
    const std::string bos = config["bos_token"];
    const json mark{{"SpecialToken", {{"id", bos}, {"type_id", 0}}}};
    const json text{{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
    const json second{{"Sequence", {{"id", "B"}, {"type_id", 1}}}};
    tokenizer["post_processor"] = {
        {"type", "TemplateProcessing"},
        {"single", {mark, text}},
        {"pair", {mark, text, second}},
        {"special_tokens", {{bos, {{"id", bos}, {"ids", {vocabulary[bos]}}, {"tokens", {bos}}}}}}};
  }
  return {tokenizer.dump(), config.dump(1)};
}

}  // namespace relata::models
