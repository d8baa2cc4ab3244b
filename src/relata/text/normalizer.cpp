#include "relata/text/normalizer.h"

#include <unicode/ubrk.h>
#include <unicode/utext.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "relata/text/byte_alphabet.h"
#include "relata/text/char_class.h"
#include "relata/text/charsmap.h"
#include "relata/text/html.h"
#include "relata/text/pattern.h"
#include "relata/text/utf8.h"

namespace relata::text {
namespace {

/// A normalizer that is one function.
template <typename Function>
class Applied : public Normalizer {
 public:
  explicit Applied(Function function) : function_(std::move(function)) {}
  void apply(TrackedText& text) const override { function_(text); }

 private:
  Function function_;
};

template <typename Function>
NormalizerPtr applied(Function function) {
  return std::make_unique<Applied<Function>>(std::move(function));
}

class Sequence : public Normalizer {
 public:
  explicit Sequence(std::vector<NormalizerPtr> steps) : steps_(std::move(steps)) {}
  void apply(TrackedText& text) const override {
    for (const auto& step : steps_) step->apply(text);
  }

 private:
  std::vector<NormalizerPtr> steps_;
};

template <typename... Steps>
NormalizerPtr sequence(Steps... steps) {
  std::vector<NormalizerPtr> all;
  (all.push_back(std::move(steps)), ...);
  return std::make_unique<Sequence>(std::move(all));
}

NormalizerPtr normal_form(NormalForm form) {
  return applied([form](TrackedText& text) { text.normalise(form); });
}

NormalizerPtr lower() {
  return applied([](TrackedText& text) { text.lower_case(); });
}

NormalizerPtr replace(std::shared_ptr<const Pattern> pattern, std::string content) {
  return applied([pattern = std::move(pattern), content = std::move(content)](TrackedText& text) {
    if (text.empty()) return;
    std::vector<Match> matches;
    pattern->find(text.view(), matches);
    text.replace(matches, content);
  });
}

NormalizerPtr spaces_to_one() { return replace(regex_pattern(R"(\s+)", ""), " "); }

// --- BERT

class Bert : public Normalizer {
 public:
  explicit Bert(BertCleaning cleaning) : cleaning_(cleaning) {}

  void apply(TrackedText& text) const override {
    if (text.tracked()) return apply_steps(text);
    text.assign_untracked(quickly(text.view()));
  }

 private:
  void apply_steps(TrackedText& text) const {
    if (cleaning_.clean_text) {
      text.keep_if([](char32_t code) { return !is(code, kControl); });
      text.map([](char32_t code) { return is(code, kSpace) ? U' ' : code; });
    }
    if (cleaning_.chinese) set_ideographs_apart(text);
    if (cleaning_.strip_accents) {
      text.normalise(NormalForm::kNfd);
      text.keep_if([](char32_t code) { return !is(code, kAccent); });
    }
    if (cleaning_.lowercase) text.lower_case();
  }

  static void set_ideographs_apart(TrackedText& text) {
    std::vector<Change> changes;
    changes.reserve(text.view().size());
    for (std::size_t at = 0; at < text.view().size();) {
      const auto [code, size] = decode_at(text.view(), at);
      at += size;
      if (is(code, kIdeograph)) {
        changes.insert(changes.end(), {{U' ', 0}, {code, 1}, {U' ', 1}});
      } else {
        changes.push_back({code, 0});
      }
    }
    text.rewrite(changes);
  }

  /// No step reaches across an ASCII character, so the rest is done run by run.
  std::string quickly(std::string_view text) const {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
      const auto byte = static_cast<unsigned char>(text[at]);
      if (byte < 0x80) {
        append_ascii(out, static_cast<char>(byte));
        ++at;
        continue;
      }
      const std::size_t from = at;
      while (at < text.size() && static_cast<unsigned char>(text[at]) >= 0x80) ++at;
      TrackedText run(std::string(text.substr(from, at - from)), 0, false);
      apply_steps(run);
      out += run.view();
    }
    return out;
  }

  void append_ascii(std::string& out, char c) const {
    const bool space = c == ' ' || (c >= '\t' && c <= '\r');
    if (cleaning_.clean_text && (c < ' ' || c == 0x7F)) {
      if (!space || c == '\v' || c == '\f') return;  // these two count as controls
      c = ' ';
    }
    if (cleaning_.lowercase && c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    out.push_back(c);
  }

  BertCleaning cleaning_;
};

NormalizerPtr read_bert(const JsonNode& node) {
  const bool lowercase = node.flag("lowercase", true);
  return bert_normalizer({.clean_text = node.flag("clean_text", true),
                          .chinese = node.flag("handle_chinese_chars", true),
                          .strip_accents = node.flag("strip_accents", lowercase),
                          .lowercase = lowercase});
}

// --- SentencePiece

bool is_nmt_control(char32_t code) {
  return (code >= 1 && code <= 8) || code == 0xB || (code >= 0xE && code <= 0x1F) || code == 0x7F ||
         code == 0x8F || code == 0x9F;
}

bool is_nmt_space(char32_t code) {
  switch (code) {
    case 0x9:
    case 0xA:
    case 0xC:
    case 0xD:
    case 0x1680:
    case 0x2028:
    case 0x2029:
    case 0x2581:
    case 0xFEFF:
    case 0xFFFD:
      return true;
    default:
      return code >= 0x200B && code <= 0x200F;
  }
}

NormalizerPtr nmt() {
  return applied([](TrackedText& text) {
    text.keep_if([](char32_t code) { return !is_nmt_control(code); });
    text.map([](char32_t code) { return is_nmt_space(code) ? U' ' : code; });
  });
}

/// The ends of the grapheme clusters of a text.
class Graphemes {
 public:
  explicit Graphemes(std::string_view text) {
    UErrorCode fault = U_ZERO_ERROR;
    iterator_.reset(ubrk_open(UBRK_CHARACTER, "", nullptr, 0, &fault));
    text_.reset(utext_openUTF8(nullptr, text.data(), static_cast<int64_t>(text.size()), &fault));
    ubrk_setUText(iterator_.get(), text_.get(), &fault);
    if (U_FAILURE(fault)) throw std::runtime_error("ICU has no break iterator");
    ubrk_first(iterator_.get());
  }
  std::optional<std::size_t> next() {
    const int32_t at = ubrk_next(iterator_.get());
    if (at == UBRK_DONE) return std::nullopt;
    return static_cast<std::size_t>(at);
  }

 private:
  struct Close {
    void operator()(UBreakIterator* iterator) const { ubrk_close(iterator); }
    void operator()(UText* text) const { utext_close(text); }
  };
  std::unique_ptr<UText, Close> text_;
  std::unique_ptr<UBreakIterator, Close> iterator_;
};

class Precompiled : public Normalizer {
 public:
  explicit Precompiled(Charsmap rules) : rules_(std::move(rules)) {}

  void apply(TrackedText& text) const override {
    const std::string_view view = text.view();
    std::vector<Change> changes;
    changes.reserve(view.size());
    bool modified = false;
    std::size_t begin = 0;
    Graphemes graphemes(view);
    while (const auto end = graphemes.next()) {
      modified |= add(view.substr(begin, *end - begin), changes);
      begin = *end;
    }
    if (modified) text.rewrite(changes);
  }

 private:
  static constexpr std::size_t kLongestGrapheme = 5;  // longer ones go character by character

  bool add(std::string_view grapheme, std::vector<Change>& changes) const {
    if (grapheme.size() <= kLongestGrapheme) {
      if (const auto to = rules_.replacement(grapheme)) {
        add_replacement(grapheme, *to, changes);
        return true;
      }
    }
    bool modified = false;
    for (std::size_t at = 0; at < grapheme.size();) {
      const auto [code, size] = decode_at(grapheme, at);
      const std::string_view part = grapheme.substr(at, size);
      at += size;
      if (const auto to = rules_.replacement(part)) {
        add_replacement(part, *to, changes);
        modified = true;
      } else {
        changes.push_back({code, 0});
      }
    }
    return modified;
  }

  static void add_replacement(std::string_view from, std::string_view to,
                              std::vector<Change>& changes) {
    const auto surplus =
        static_cast<int64_t>(count_code_points(to)) - static_cast<int64_t>(count_code_points(from));
    for (std::size_t at = 0; at < to.size();) {
      const auto [code, size] = decode_at(to, at);
      changes.push_back({code, 0});
      at += size;
    }
    for (int64_t i = 0; i < surplus; ++i) {
      changes[changes.size() - 1 - static_cast<std::size_t>(i)].change = 1;
    }
    if (surplus < 0 && !changes.empty()) changes.back().change += static_cast<int32_t>(surplus);
  }

  Charsmap rules_;
};

NormalizerPtr read_precompiled(const JsonNode& node) {
  const JsonNode rules = node.at("precompiled_charsmap");
  return std::make_unique<Precompiled>(
      Charsmap(decode_base64(rules.text(), rules.where()), rules.where()));
}

// --- the others

std::shared_ptr<const Pattern> read_pattern(const JsonNode& node) {
  if (const auto literal = node.find("String")) {
    return literal_pattern(literal->text(), literal->where());
  }
  if (const auto regex = node.find("Regex")) return regex_pattern(regex->text(), regex->where());
  node.refuse("is neither {\"String\": …} nor {\"Regex\": …}");
}

NormalizerPtr byte_letters() {
  return applied([](TrackedText& text) {
    std::vector<Change> changes;
    const std::string_view view = text.view();
    constexpr auto kLetters = byte_alphabet();
    for (std::size_t at = 0; at < view.size();) {
      const uint32_t size = decode_at(view, at).size;
      for (uint32_t i = 0; i < size; ++i) {
        changes.push_back({kLetters[static_cast<unsigned char>(view[at + i])], i > 0 ? 1 : 0});
      }
      at += size;
    }
    text.rewrite(changes);
  });
}

NormalizerPtr strip(bool left, bool right) {
  return applied([left, right](TrackedText& text) { text.strip(left, right); });
}

NormalizerPtr read_sequence(const JsonNode& node) {
  std::vector<NormalizerPtr> steps;
  for (const JsonNode& step : node.at("normalizers").items()) {
    steps.push_back(read_normalizer(step));
  }
  return std::make_unique<Sequence>(std::move(steps));
}

}  // namespace

NormalizerPtr bert_normalizer(BertCleaning cleaning) { return std::make_unique<Bert>(cleaning); }

NormalizerPtr clip_normalizer() {
  return sequence(normal_form(NormalForm::kNfc), spaces_to_one(), lower());
}

NormalizerPtr openai_normalizer() {
  auto unescape = applied([](TrackedText& text) {
    std::string plain = unescape_html(unescape_html(text.view()));
    if (!text.tracked()) return text.assign_untracked(std::move(plain));
    text = TrackedText(std::move(plain), 0, true);  // offsets count in the unescaped text
  });
  return sequence(normal_form(NormalForm::kNfc), std::move(unescape), strip(true, true),
                  spaces_to_one(), lower());
}

NormalizerPtr read_normalizer(const JsonNode& node) {
  const std::string& type = node.at("type").text();
  if (type == "BertNormalizer") return read_bert(node);
  if (type == "NFC") return normal_form(NormalForm::kNfc);
  if (type == "NFD") return normal_form(NormalForm::kNfd);
  if (type == "NFKC") return normal_form(NormalForm::kNfkc);
  if (type == "NFKD") return normal_form(NormalForm::kNfkd);
  if (type == "Nmt") return nmt();
  if (type == "Lowercase") return lower();
  if (type == "StripAccents") {
    return applied(
        [](TrackedText& text) { text.keep_if([](char32_t code) { return !is(code, kMark); }); });
  }
  if (type == "Strip") return strip(node.flag("strip_left", true), node.flag("strip_right", true));
  if (type == "Replace") {
    return replace(read_pattern(node.at("pattern")), node.at("content").text());
  }
  if (type == "Prepend") {
    return applied(
        [prefix = node.at("prepend").text()](TrackedText& text) { text.prepend(prefix); });
  }
  if (type == "ByteLevel") return byte_letters();
  if (type == "Precompiled") return read_precompiled(node);
  if (type == "Sequence") return read_sequence(node);
  node.refuse_type("normalizer", {"BertNormalizer", "NFC", "NFD", "NFKC", "NFKD", "Nmt",
                                  "Lowercase", "StripAccents", "Strip", "Replace", "Prepend",
                                  "ByteLevel", "Precompiled", "Sequence"});
}

}  // namespace relata::text
