#include "relata/text/scanner.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "relata/text/char_class.h"
#include "relata/text/pattern.h"
#include "relata/text/utf8.h"

namespace relata::text {
namespace {

enum Kind : uint8_t { kLetterKind, kNumberKind, kSpaceKind, kOtherKind, kNoKind };

constexpr std::array<Kind, 128> ascii_kinds() {
  std::array<Kind, 128> kinds = {};
  for (unsigned c = 0; c < kinds.size(); ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool number = c >= '0' && c <= '9';
    const bool space = c == ' ' || (c >= '\t' && c <= '\r');
    kinds[c] = letter ? kLetterKind : number ? kNumberKind : space ? kSpaceKind : kOtherKind;
  }
  return kinds;
}
constexpr std::array<Kind, 128> kAsciiKinds = ascii_kinds();

/// A text, read code point by code point.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text), table_(char_table()) {}

  std::size_t size() const { return text_.size(); }
  bool is_at(std::size_t at, char c) const { return at < text_.size() && text_[at] == c; }
  bool has_at(std::size_t at, std::string_view word) const {
    return text_.substr(at, word.size()) == word;
  }
  unsigned char byte(std::size_t at) const { return static_cast<unsigned char>(text_[at]); }

  /// kNoKind at the end.
  Kind kind(std::size_t at) const { return at < text_.size() ? step(at).first : kNoKind; }
  std::size_t after(std::size_t at) const { return at + step(at).second; }

  /// The end of the run of `wanted` that starts at `at`, at most `limit` code points.
  std::size_t run(std::size_t at, Kind wanted, std::size_t limit = SIZE_MAX) const {
    for (; at < text_.size() && limit > 0; --limit) {
      const auto [kind, size] = step(at);
      if (kind != wanted) break;
      at += size;
    }
    return at;
  }

  std::size_t before(std::size_t end) const { return end - decode_before(text_, end).size; }
  std::string_view text() const { return text_; }

 private:
  std::pair<Kind, uint32_t> step(std::size_t at) const {
    if (byte(at) < 0x80) return {kAsciiKinds[byte(at)], 1};
    const auto [code, size] = decode_at(text_, at);
    const uint16_t classes = table_[code];
    if ((classes & kLetter) != 0) return {kLetterKind, size};
    if ((classes & kNumber) != 0) return {kNumberKind, size};
    return {(classes & kSpace) != 0 ? kSpaceKind : kOtherKind, size};
  }

  std::string_view text_;
  const CharTable& table_;
};

/// 's|'t|'re|'ve|'m|'ll|'d: the end of it, or `at`.
std::size_t contraction(const Reader& text, std::size_t at) {
  if (!text.is_at(at, '\'') || at + 1 >= text.size()) return at;
  switch (text.byte(at + 1)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return at + 2;
    case 'r':
    case 'v':
      return text.is_at(at + 2, 'e') ? at + 3 : at;
    case 'l':
      return text.is_at(at + 2, 'l') ? at + 3 : at;
    default:
      return at;
  }
}

/// The same in either case; U+017F (ſ) is an s.
std::size_t contraction_in_any_case(const Reader& text, std::size_t at) {
  if (!text.is_at(at, '\'') || at + 1 >= text.size()) return at;
  const auto lower = [&](std::size_t i) {
    return i < text.size() ? static_cast<char>(text.byte(i) | 0x20U) : '\0';
  };
  if (text.byte(at + 1) >= 0x80) return text.has_at(at + 1, "\u017F") ? at + 3 : at;
  switch (lower(at + 1)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return at + 2;
    case 'r':
    case 'v':
      return lower(at + 2) == 'e' ? at + 3 : at;
    case 'l':
      return lower(at + 2) == 'l' ? at + 3 : at;
    default:
      return at;
  }
}

/// \s+(?!\S)|\s+: white space up to the last one before a word.
std::size_t white_space(const Reader& text, std::size_t at) {
  const std::size_t end = text.run(at, kSpaceKind);
  if (end == text.size() || text.after(at) == end) return end;
  return text.before(end);
}

struct Gpt2 {
  static std::size_t match(const Reader& text, std::size_t at) {
    if (const std::size_t end = contraction(text, at); end > at) return end;
    const std::size_t word = text.is_at(at, ' ') ? at + 1 : at;
    const Kind kind = text.kind(word);
    if (kind == kSpaceKind || kind == kNoKind) return white_space(text, at);
    return text.run(word, kind);
  }
};

template <bool kSpecials>
struct Clip {
  static std::size_t match(const Reader& text, std::size_t at) {
    if constexpr (kSpecials) {
      for (const std::string_view token : {"<|startoftext|>", "<|endoftext|>"}) {
        if (text.has_at(at, token)) return at + token.size();
      }
    }
    if (const std::size_t end = contraction(text, at); end > at) return end;
    const Kind kind = text.kind(at);
    if (kind == kSpaceKind) return at;
    return text.run(at, kind, kind == kNumberKind ? 1 : SIZE_MAX);
  }
};

template <std::size_t kDigits>
struct Llama3 {
  static std::size_t match(const Reader& text, std::size_t at) {
    if (const std::size_t end = contraction_in_any_case(text, at); end > at) return end;
    const Kind kind = text.kind(at);
    if (kind == kLetterKind) return text.run(at, kLetterKind);
    if (kind == kNumberKind) return text.run(at, kNumberKind, kDigits);
    if (!is_line_end(text, at)) {
      const std::size_t next = text.after(at);
      if (text.kind(next) == kLetterKind) return text.run(next, kLetterKind);
    }
    const std::size_t signs = text.is_at(at, ' ') ? at + 1 : at;
    if (text.kind(signs) == kOtherKind) {
      std::size_t end = text.run(signs, kOtherKind);
      while (is_line_end(text, end)) ++end;
      return end;
    }
    std::size_t lines = text.run(at, kSpaceKind);
    while (lines > at && !is_line_end(text, lines - 1)) --lines;
    return lines > at ? lines : white_space(text, at);
  }

  static bool is_line_end(const Reader& text, std::size_t at) {
    return text.is_at(at, '\n') || text.is_at(at, '\r');
  }
};

struct WhiteSpace {
  static std::size_t match(const Reader& text, std::size_t at) { return text.run(at, kSpaceKind); }
};

template <typename Rule>
void scan(std::string_view text, std::vector<Match>& out) {
  const Reader reader(text);
  std::size_t covered = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = Rule::match(reader, at);
    if (end == at) {
      at = reader.after(at);
      continue;
    }
    const auto span = [](std::size_t from, std::size_t to) {
      return Span{static_cast<uint32_t>(from), static_cast<uint32_t>(to)};
    };
    if (covered < at) out.push_back({span(covered, at), false});
    out.push_back({span(at, end), true});
    covered = at = end;
  }
  if (covered < text.size()) {
    out.push_back({{static_cast<uint32_t>(covered), static_cast<uint32_t>(text.size())}, false});
  }
}

struct Known {
  std::string_view expression;
  Scanner scanner;
};

constexpr Known kKnown[] = {
    {kGpt2Expression, scan<Gpt2>},
    {R"('s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)", scan<Clip<false>>},
    {R"(<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)",
     scan<Clip<true>>},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     scan<Llama3<3>>},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     scan<Llama3<1>>},
    {R"(\s+)", scan<WhiteSpace>},
};

}  // namespace

Scanner scanner_for(std::string_view expression) {
  const auto* const found = std::ranges::find(kKnown, expression, &Known::expression);
  return found == std::end(kKnown) ? nullptr : found->scanner;
}

std::vector<std::string_view> scanned_expressions() {
  std::vector<std::string_view> expressions;
  for (const Known& known : kKnown) expressions.push_back(known.expression);
  return expressions;
}

}  // namespace relata::text
