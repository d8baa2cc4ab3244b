#include "relata/text/pre_tokenizer.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "relata/text/byte_alphabet.h"
#include "relata/text/char_class.h"
#include "relata/text/utf8.h"

namespace relata::text {
namespace {

using Behavior = SplitBehavior;

class BertWords : public PreTokenizer {
 public:
  void apply(Pieces& pieces) const override {
    pieces.split([](char32_t code) { return is(code, kSpace); }, Behavior::kRemoved);
    pieces.split([](char32_t code) { return is(code, kPunctuation); }, Behavior::kIsolated);
  }
};

/// Cuts at the characters of some classes.
class ByClass : public PreTokenizer {
 public:
  ByClass(uint16_t classes, Behavior behavior) : classes_(classes), behavior_(behavior) {}
  void apply(Pieces& pieces) const override {
    pieces.split([this](char32_t code) { return is(code, classes_); }, behavior_);
  }

 private:
  uint16_t classes_;
  Behavior behavior_;
};

class ByPattern : public PreTokenizer {
 public:
  ByPattern(std::unique_ptr<Pattern> pattern, Behavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}
  void apply(Pieces& pieces) const override { pieces.split(*pattern_, behavior_, invert_); }

 private:
  std::unique_ptr<Pattern> pattern_;
  Behavior behavior_;
  bool invert_;
};

/// \w+|[^\w\s]+: runs of word characters and runs of signs.
class WordsAndSigns : public Pattern {
 public:
  void find(std::string_view text, std::vector<Match>& out) const override {
    uint32_t begin = 0;
    uint16_t last = classes_at(text, 0);
    for (uint32_t at = 0; at < text.size();) {
      const uint16_t now = classes_at(text, at);
      if (now != last) {
        out.push_back({{begin, at}, last != kSpace});
        begin = at;
        last = now;
      }
      at += decode_at(text, at).size;
    }
    out.push_back({{begin, static_cast<uint32_t>(text.size())}, last != kSpace});
  }

 private:
  static uint16_t classes_at(std::string_view text, uint32_t at) {
    const uint16_t classes = char_table()[decode_at(text, at).code];
    return (classes & kWord) != 0 ? kWord : (classes & kSpace) != 0 ? kSpace : 0;
  }
};

class ByteLevel : public PreTokenizer {
 public:
  ByteLevel(bool add_prefix_space, bool use_regex)
      : add_prefix_space_(add_prefix_space),
        expression_(use_regex ? regex_pattern(std::string(kGpt2Expression), "") : nullptr) {}

  void apply(Pieces& pieces) const override {
    apply_to_bytes(pieces);
    pieces.rewrite([&](const Piece& piece, Pieces::Writer& writer) {
      const std::string_view bytes = pieces.view(piece);
      std::string letter;
      for (uint32_t i = 0; i < bytes.size(); ++i) {
        letter.clear();
        append_utf8(letter, kLetters[static_cast<unsigned char>(bytes[i])]);
        writer.put(letter, writer.origin(piece.span.begin + i));
      }
    });
  }

  void apply_to_bytes(Pieces& pieces) const override {
    if (add_prefix_space_) add_prefix(pieces);
    if (expression_) pieces.split(*expression_, Behavior::kIsolated);
  }

  bool spells_bytes() const override { return true; }

 private:
  static constexpr auto kLetters = byte_alphabet();

  static void add_prefix(Pieces& pieces) {
    pieces.rewrite([&](const Piece& piece, Pieces::Writer& writer) {
      if (!pieces.view(piece).starts_with(' ')) writer.put(" ", writer.origin(piece.span.begin));
      writer.copy(piece.span.begin, piece.span.end);
    });
  }

  bool add_prefix_space_;
  std::unique_ptr<Pattern> expression_;
};

enum class PrependScheme { kAlways, kFirst, kNever };

class Metaspace : public PreTokenizer {
 public:
  Metaspace(std::string replacement, PrependScheme scheme, bool split)
      : replacement_(std::move(replacement)),
        pattern_(literal_pattern(replacement_, "")),
        scheme_(scheme),
        split_(split) {}

  void apply(Pieces& pieces) const override {
    pieces.rewrite([&](const Piece& piece, Pieces::Writer& writer) {
      if (wants_prefix(pieces, piece)) {
        writer.put(replacement_, writer.origin(piece.span.begin));
      }
      const std::string_view text = pieces.view(piece);
      uint32_t copied = 0;
      for (uint32_t i = 0; i < text.size(); ++i) {
        if (text[i] != ' ') continue;
        writer.copy(piece.span.begin + copied, piece.span.begin + i);
        writer.put(replacement_, writer.origin(piece.span.begin + i));
        copied = i + 1;
      }
      writer.copy(piece.span.begin + copied, piece.span.end);
    });
    if (split_) pieces.split(*pattern_, Behavior::kMergedWithNext);
  }

 private:
  bool wants_prefix(const Pieces& pieces, const Piece& piece) const {
    if (scheme_ == PrependScheme::kNever) return false;
    const std::string_view text = pieces.view(piece);
    if (text.starts_with(' ') || text.starts_with(replacement_)) return false;
    return scheme_ == PrependScheme::kAlways || pieces.starts_original(piece);
  }

  std::string replacement_;
  std::unique_ptr<Pattern> pattern_;
  PrependScheme scheme_;
  bool split_;
};

class Sequence : public PreTokenizer {
 public:
  explicit Sequence(std::vector<PreTokenizerPtr> steps) : steps_(std::move(steps)) {}

  void apply(Pieces& pieces) const override {
    for (const auto& step : steps_) step->apply(pieces);
  }
  void apply_to_bytes(Pieces& pieces) const override {
    for (const auto& step : steps_) step->apply_to_bytes(pieces);
  }
  bool spells_bytes() const override {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      if (steps_[i]->spells_bytes()) return i + 1 == steps_.size();
    }
    return false;
  }

 private:
  std::vector<PreTokenizerPtr> steps_;
};

template <typename... Steps>
PreTokenizerPtr sequence(Steps... steps) {
  std::vector<PreTokenizerPtr> all;
  (all.push_back(std::move(steps)), ...);
  return std::make_unique<Sequence>(std::move(all));
}

Behavior read_behavior(const JsonNode& node) {
  const std::string& name = node.text();
  if (name == "Removed") return Behavior::kRemoved;
  if (name == "Isolated") return Behavior::kIsolated;
  if (name == "MergedWithPrevious") return Behavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return Behavior::kMergedWithNext;
  if (name == "Contiguous") return Behavior::kContiguous;
  node.refuse("is \"" + name + "\"",
              "known are Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous");
}

PreTokenizerPtr read_split(const JsonNode& node) {
  const JsonNode pattern = node.at("pattern");
  const auto literal = pattern.find("String");
  const auto regex = pattern.find("Regex");
  if (!literal && !regex) pattern.refuse("is neither {\"String\": …} nor {\"Regex\": …}");
  return std::make_unique<ByPattern>(literal ? literal_pattern(literal->text(), literal->where())
                                             : regex_pattern(regex->text(), regex->where()),
                                     read_behavior(node.at("behavior")),
                                     node.flag("invert", false));
}

PrependScheme read_scheme(const JsonNode& node) {
  if (!node.flag("add_prefix_space", true)) return PrependScheme::kNever;
  const auto scheme = node.find("prepend_scheme");
  if (!scheme || scheme->text() == "always") return PrependScheme::kAlways;
  if (scheme->text() == "first") return PrependScheme::kFirst;
  if (scheme->text() == "never") return PrependScheme::kNever;
  scheme->refuse("is \"" + scheme->text() + "\"", "known are always, first, never");
}

PreTokenizerPtr read_metaspace(const JsonNode& node) {
  const std::string replacement = node.text_or("replacement", "\u2581");
  if (count_code_points(replacement) != 1) {
    node.at("replacement").refuse("is not one character");
  }
  return std::make_unique<Metaspace>(replacement, read_scheme(node), node.flag("split", true));
}

PreTokenizerPtr read_sequence(const JsonNode& node) {
  std::vector<PreTokenizerPtr> steps;
  for (const JsonNode& step : node.at("pretokenizers").items()) {
    steps.push_back(read_pre_tokenizer(step));
  }
  return std::make_unique<Sequence>(std::move(steps));
}

}  // namespace

PreTokenizerPtr bert_pre_tokenizer() { return std::make_unique<BertWords>(); }

PreTokenizerPtr byte_level_pre_tokenizer(bool add_prefix_space) {
  return std::make_unique<ByteLevel>(add_prefix_space, true);
}

PreTokenizerPtr smollm_pre_tokenizer() {
  return sequence(PreTokenizerPtr(std::make_unique<ByClass>(kNumeric, Behavior::kIsolated)),
                  byte_level_pre_tokenizer(false));
}

PreTokenizerPtr clip_pre_tokenizer(bool specials) {
  const std::string words = R"('s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";
  const std::string names = R"(<\|startoftext\|>|<\|endoftext\|>|)";
  auto pattern = regex_pattern(specials ? names + words : words, "");
  return sequence(
      PreTokenizerPtr(std::make_unique<ByPattern>(std::move(pattern), Behavior::kRemoved, true)),
      byte_level_pre_tokenizer(false));
}

PreTokenizerPtr split_pre_tokenizer(const std::string& expression) {
  return sequence(PreTokenizerPtr(std::make_unique<ByPattern>(regex_pattern(expression, ""),
                                                              Behavior::kIsolated, false)),
                  PreTokenizerPtr(std::make_unique<ByteLevel>(false, false)));
}

PreTokenizerPtr read_pre_tokenizer(const JsonNode& node) {
  const std::string& type = node.at("type").text();
  if (type == "BertPreTokenizer") return bert_pre_tokenizer();
  if (type == "ByteLevel") {
    return std::make_unique<ByteLevel>(node.flag("add_prefix_space", true),
                                       node.flag("use_regex", true));
  }
  if (type == "Whitespace") {
    return std::make_unique<ByPattern>(std::make_unique<WordsAndSigns>(), Behavior::kRemoved, true);
  }
  if (type == "WhitespaceSplit") return std::make_unique<ByClass>(kSpace, Behavior::kRemoved);
  if (type == "CharDelimiterSplit") {
    const JsonNode delimiter = node.at("delimiter");
    return std::make_unique<ByPattern>(literal_pattern(delimiter.text(), delimiter.where()),
                                       Behavior::kRemoved, false);
  }
  if (type == "Split") return read_split(node);
  if (type == "Digits") {
    return std::make_unique<ByClass>(kNumeric, node.flag("individual_digits", false)
                                                   ? Behavior::kIsolated
                                                   : Behavior::kContiguous);
  }
  if (type == "Punctuation") {
    const auto behavior = node.find("behavior");
    return std::make_unique<ByClass>(kPunctuation,
                                     behavior ? read_behavior(*behavior) : Behavior::kIsolated);
  }
  if (type == "Metaspace") return read_metaspace(node);
  if (type == "Sequence") return read_sequence(node);
  node.refuse_type("pre-tokenizer", {"BertPreTokenizer", "ByteLevel", "Whitespace",
                                     "WhitespaceSplit", "CharDelimiterSplit", "Split", "Digits",
                                     "Punctuation", "Metaspace", "Sequence"});
}

}  // namespace relata::text
