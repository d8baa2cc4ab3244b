// Tokenizer::load: which files are there, and what they say.
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/json.h"
#include "relata/io/text_file.h"
#include "relata/io/utf8.h"
#include "relata/text/presets.h"
#include "relata/text/tokenizer.h"

namespace relata::text {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr uint64_t kLargestFile = uint64_t{512} << 20U;
constexpr int64_t kLongest = int64_t{1} << 31U;

json read_json(const fs::path& path) {
  return io::parse_json_strict(io::read_text(path, kLargestFile), path.string());
}

// --- tokenizer.json

Side read_side(const JsonNode& node, std::string_view key) {
  const std::string name = node.text_or(key, "Right");
  if (name == "Right") return Side::kRight;
  if (name == "Left") return Side::kLeft;
  node.at(key).refuse("is \"" + name + "\", expected Left or Right");
}

Truncation read_truncation(const JsonNode& node) {
  using Strategy = Truncation::Strategy;
  Truncation truncation{.max_length = node.at("max_length").integer(0, kLongest),
                        .side = read_side(node, "direction")};
  const std::string strategy = node.text_or("strategy", "LongestFirst");
  if (strategy == "OnlyFirst") {
    truncation.strategy = Strategy::kOnlyFirst;
  } else if (strategy == "OnlySecond") {
    truncation.strategy = Strategy::kOnlySecond;
  } else if (strategy != "LongestFirst") {
    node.at("strategy")
        .refuse("is \"" + strategy + "\"", "known are LongestFirst, OnlyFirst, OnlySecond");
  }
  return truncation;
}

Padding read_padding(const JsonNode& node) {
  Padding padding{.side = read_side(node, "direction")};
  padding.id = static_cast<int32_t>(node.at("pad_id").integer(0, kMostTokens));
  if (const auto type = node.find("pad_type_id")) {
    padding.type_id = static_cast<int32_t>(type->integer(0, kMostTokens));
  }
  if (const auto multiple = node.find("pad_to_multiple_of")) {
    padding.multiple_of = multiple->integer(0, kLongest);
  }
  const auto strategy = node.find("strategy");
  if (strategy && strategy->value().is_object()) {
    padding.length = strategy->at("Fixed").integer(0, kLongest);
  } else if (strategy && strategy->text() != "BatchLongest") {
    strategy->refuse("is \"" + strategy->text() + "\"", "known are BatchLongest and Fixed");
  }
  return padding;
}

Tokenizer::Parts read_tokenizer_json(const JsonNode& node) {
  Tokenizer::Parts parts;
  parts.model = read_model(node.at("model"));
  if (const auto part = node.find("normalizer")) parts.normalizer = read_normalizer(*part);
  if (const auto part = node.find("pre_tokenizer")) {
    parts.pre_tokenizer = read_pre_tokenizer(*part);
  }
  if (const auto part = node.find("post_processor")) {
    parts.post_processor = read_post_processor(*part);
  }
  if (const auto part = node.find("decoder")) parts.decoder = read_decoder(*part);
  if (const auto tokens = node.find("added_tokens")) {
    for (const JsonNode& token : tokens->items()) parts.added.push_back(read_added_token(token));
  }
  if (const auto part = node.find("truncation")) parts.truncation = read_truncation(*part);
  if (const auto part = node.find("padding")) parts.padding = read_padding(*part);
  return parts;
}

// --- the configuration beside it

/// tokenizer_config.json, completed by special_tokens_map.json.
class Configuration {
 public:
  explicit Configuration(const fs::path& folder) {
    read(folder / "special_tokens_map.json");
    read(folder / "tokenizer_config.json");
  }

  /// A text, also of an entry like {"content": "<s>", "lstrip": …}.
  std::optional<std::string> text(std::string_view key) const {
    const auto found = values_.find(key);
    if (found == values_.end()) return std::nullopt;
    const json& value = found->second;
    if (value.is_string()) return value.get<std::string>();
    if (value.is_object() && value.contains("content") && value["content"].is_string()) {
      return value["content"].get<std::string>();
    }
    return std::nullopt;
  }

  std::optional<bool> flag(std::string_view key) const {
    const auto found = values_.find(key);
    if (found == values_.end() || !found->second.is_boolean()) return std::nullopt;
    return found->second.get<bool>();
  }

 private:
  void read(const fs::path& path) {
    if (!fs::exists(path)) return;
    const json document = read_json(path);
    if (!document.is_object()) {
      throw Error({.what = "is no JSON object", .where = path.string()});
    }
    for (const auto& [key, value] : document.items()) {
      if (!value.is_null()) values_.insert_or_assign(key, value);
    }
  }

  std::map<std::string, json, std::less<>> values_;
};

struct SpecialName {
  const char* key;
  std::optional<int32_t> SpecialIds::* id;
};
constexpr std::array<SpecialName, 7> kSpecialNames = {{{"bos_token", &SpecialIds::bos},
                                                       {"eos_token", &SpecialIds::eos},
                                                       {"pad_token", &SpecialIds::pad},
                                                       {"unk_token", &SpecialIds::unk},
                                                       {"cls_token", &SpecialIds::cls},
                                                       {"sep_token", &SpecialIds::sep},
                                                       {"mask_token", &SpecialIds::mask}}};

Tokenizer load_tokenizer_json(const fs::path& path) {
  const json document = read_json(path);
  Tokenizer::Parts parts = read_tokenizer_json(JsonNode(document, path.string()));
  const Configuration configuration(path.parent_path());
  const AddedTokens added(parts.added, *parts.model, parts.normalizer.get());
  for (const auto& [key, id] : kSpecialNames) {
    const auto token = configuration.text(key);
    if (!token) continue;
    parts.special.*id = added.find(*token);
    if (!(parts.special.*id)) parts.special.*id = parts.model->vocabulary().find(*token);
  }
  return Tokenizer(std::move(parts));
}

// --- vocabularies

ByteLevelPreset named_preset(ByteLevelPreset preset, const Configuration& configuration) {
  const std::pair<const char*, std::string ByteLevelPreset::*> names[] = {
      {"bos_token", &ByteLevelPreset::bos},  {"eos_token", &ByteLevelPreset::eos},
      {"unk_token", &ByteLevelPreset::unk},  {"pad_token", &ByteLevelPreset::pad},
      {"cls_token", &ByteLevelPreset::cls},  {"sep_token", &ByteLevelPreset::sep},
      {"mask_token", &ByteLevelPreset::mask}};
  for (const auto& [key, name] : names) {
    if (auto token = configuration.text(key)) preset.*name = std::move(*token);
  }
  preset.add_prefix_space = configuration.flag("add_prefix_space").value_or(false);
  preset.trim_offsets = configuration.flag("trim_offsets").value_or(preset.trim_offsets);
  return preset;
}

/// What the configuration says, else what the vocabulary looks like.
std::string family_of(const Configuration& configuration, const Vocabulary& vocabulary) {
  const std::string name = configuration.text("tokenizer_class").value_or("");
  for (const char* family : {"CLIP", "Roberta"}) {
    if (name.starts_with(family)) return family;
  }
  if (configuration.flag("add_bos_token").value_or(false)) return "OPT";
  if (!name.empty()) return "GPT2";
  if (vocabulary.find("<|startoftext|>") && vocabulary.find("a</w>")) return "CLIP";
  return vocabulary.find("<mask>") && vocabulary.find("<s>") ? "Roberta" : "GPT2";
}

Tokenizer load_vocab_and_merges(const fs::path& folder, const LoadOptions& options) {
  const std::string where = (folder / "vocab.json").string();
  Vocabulary vocabulary = read_vocab_json(folder / "vocab.json");
  const std::vector<MergePair> merges = read_merges_txt(folder / "merges.txt");
  const Configuration configuration(folder);
  const std::string family = family_of(configuration, vocabulary);
  if (family == "CLIP") {
    std::optional<int32_t> pad = options.clip_pad;
    if (const auto name = configuration.text("pad_token"); name && !pad) {
      pad = vocabulary.find(*name);
    }
    return clip_tokenizer(std::move(vocabulary), merges,
                          {.cleaning = options.clip_cleaning, .pad = pad}, where);
  }
  const ByteLevelPreset preset = family == "Roberta" ? roberta_preset()
                                 : family == "OPT"   ? opt_preset()
                                                     : ByteLevelPreset{};
  return byte_level_tokenizer(std::move(vocabulary), merges, named_preset(preset, configuration),
                              where);
}

Tokenizer load_vocab_txt(const fs::path& path) {
  const Configuration configuration(path.parent_path());
  return bert_tokenizer(read_vocab_txt(path),
                        {.lowercase = configuration.flag("do_lower_case").value_or(true),
                         .chinese = configuration.flag("tokenize_chinese_chars").value_or(true),
                         .strip_accents = configuration.flag("strip_accents")},
                        path.string());
}

Tokenizer load_clip(const fs::path& path, const LoadOptions& options) {
  ClipVocabulary clip = read_clip_merges(path, options.irra_mask);
  return clip_tokenizer(
      std::move(clip.vocabulary), clip.merges,
      {.cleaning = options.clip_cleaning, .mask = options.irra_mask, .pad = options.clip_pad},
      path.string());
}

Tokenizer load_file(const fs::path& path, const LoadOptions& options) {
  const std::string name = path.filename().string();
  if (name.starts_with("bpe_simple_vocab_16e6")) return load_clip(path, options);
  if (name == "vocab.json" || name == "merges.txt") {
    return load_vocab_and_merges(path.parent_path(), options);
  }
  if (name.ends_with(".json")) return load_tokenizer_json(path);
  if (name.ends_with(".txt")) return load_vocab_txt(path);
  throw Error({.what = "is no tokenizer file that is known by its name",
               .where = path.string(),
               .remedy = "known are tokenizer.json, vocab.json with merges.txt, vocab.txt and "
                         "bpe_simple_vocab_16e6.txt.gz"});
}

}  // namespace

Tokenizer Tokenizer::load(const fs::path& path, const LoadOptions& options) {
  if (!fs::is_directory(path)) return load_file(path, options);
  for (const char* name : {"tokenizer.json", "vocab.json", "vocab.txt",
                           "bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt"}) {
    if (fs::exists(path / name)) return load_file(path / name, options);
  }
  throw Error({.what = "has no tokenizer",
               .where = path.string(),
               .remedy = "expected tokenizer.json, vocab.json with merges.txt, vocab.txt or "
                         "bpe_simple_vocab_16e6.txt.gz in it"});
}

}  // namespace relata::text
