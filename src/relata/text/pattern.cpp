#include "relata/text/pattern.h"

#include <unicode/uregex.h>
#include <unicode/utext.h>
#include <unicode/utypes.h>

#include <algorithm>
#include <array>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/utf8.h"
#include "relata/text/char_class.h"
#include "relata/text/scanner.h"
#include "relata/text/utf8.h"

namespace relata::text {
namespace {

/// The part before a match, if any, then the match.
void add_match(std::vector<Match>& out, uint32_t& covered, uint32_t begin, uint32_t end) {
  if (covered < begin) out.push_back({{covered, begin}, false});
  out.push_back({{begin, end}, true});
  covered = end;
}

void add_rest(std::vector<Match>& out, uint32_t covered, std::size_t size) {
  if (covered < size) out.push_back({{covered, static_cast<uint32_t>(size)}, false});
}

class Literal : public Pattern {
 public:
  explicit Literal(std::string literal) : literal_(std::move(literal)) {}

  void find(std::string_view text, std::vector<Match>& out) const override {
    uint32_t covered = 0;
    for (std::size_t at = text.find(literal_); at != text.npos; at = text.find(literal_, covered)) {
      add_match(out, covered, static_cast<uint32_t>(at),
                static_cast<uint32_t>(at + literal_.size()));
    }
    add_rest(out, covered, text.size());
  }

 private:
  std::string literal_;
};

class Scanned : public Pattern {
 public:
  explicit Scanned(Scanner scanner) : scanner_(scanner) {}
  void find(std::string_view text, std::vector<Match>& out) const override { scanner_(text, out); }

 private:
  Scanner scanner_;
};

/// What a class of Oniguruma is in ICU's syntax; its \w has a few fractions more.
struct Rule {
  std::string_view from;
  std::string set;  // the inside of [ ]
  bool negated = false;
};

const std::array<Rule, 8>& rules() {
  static const std::string letters = R"(\p{L})" + newer_than_icu(kLetter);
  static const std::string numbers = R"(\p{N})" + newer_than_icu(kNumber);
  static const std::string words =
      R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}²³¹¼-¾)" + newer_than_icu(kWord);
  static const std::array<Rule, 8> all = {{{R"(\s)", R"(\p{White_Space})"},
                                           {R"(\S)", R"(\p{White_Space})", true},
                                           {R"(\w)", words},
                                           {R"(\W)", words, true},
                                           {R"(\p{L})", letters},
                                           {R"(\P{L})", letters, true},
                                           {R"(\p{N})", numbers},
                                           {R"(\P{N})", numbers, true}}};
  return all;
}

/// The expression with Oniguruma's classes spelled out; a set within a set is its union in ICU.
std::string for_icu(std::string_view expression) {
  std::string out;
  while (!expression.empty()) {
    const auto* const rule = std::ranges::find_if(
        rules(), [&](const Rule& one) { return expression.starts_with(one.from); });
    if (rule != rules().end()) {
      out.append(rule->negated ? "[^" : "[").append(rule->set).append("]");
      expression.remove_prefix(rule->from.size());
      continue;
    }
    const std::size_t size = expression[0] == '\\' && expression.size() > 1 ? 2 : 1;
    out += expression.substr(0, size);
    expression.remove_prefix(size);
  }
  return out;
}

struct CloseRegex {
  void operator()(URegularExpression* regex) const { uregex_close(regex); }
};
struct CloseText {
  void operator()(UText* text) const { utext_close(text); }
};
using RegexHandle = std::unique_ptr<URegularExpression, CloseRegex>;
using TextHandle = std::unique_ptr<UText, CloseText>;

TextHandle open_text(std::string_view text, UErrorCode* fault) {
  return TextHandle(utext_openUTF8(nullptr, text.data(), static_cast<int64_t>(text.size()), fault));
}

class IcuRegex : public Pattern {
 public:
  IcuRegex(const std::string& expression, std::string_view where) : expression_(expression) {
    UErrorCode fault = U_ZERO_ERROR;
    UParseError place = {};
    const TextHandle source = open_text(expression_ = for_icu(expression), &fault);
    if (U_SUCCESS(fault)) {
      compiled_.reset(
          uregex_openUText(source.get(), UREGEX_MULTILINE | UREGEX_UNIX_LINES, &place, &fault));
    }
    if (U_FAILURE(fault)) {
      throw Error({.what = "regular expression " + io::excerpt(expression) +
                           " cannot be compiled: " + u_errorName(fault),
                   .where = std::string(where),
                   .remedy = "use the syntax that ICU and Oniguruma share"});
    }
  }

  void find(std::string_view text, std::vector<Match>& out) const override {
    UErrorCode fault = U_ZERO_ERROR;
    const RegexHandle regex(uregex_clone(compiled_.get(), &fault));  // it holds the position
    const TextHandle subject = open_text(text, &fault);
    uregex_setUText(regex.get(), subject.get(), &fault);
    uint32_t covered = 0;
    bool first = true;
    while (uregex_findNext(regex.get(), &fault) != 0 && U_SUCCESS(fault)) {
      const auto begin = static_cast<uint32_t>(uregex_start64(regex.get(), 0, &fault));
      const auto end = static_cast<uint32_t>(uregex_end64(regex.get(), 0, &fault));
      if (begin == end && begin == covered && !first) continue;  // touches the last match
      add_match(out, covered, begin, end);
      first = false;
    }
    if (U_FAILURE(fault)) {
      throw Error({.what = "regular expression " + io::excerpt(expression_) +
                           " cannot be matched: " + u_errorName(fault),
                   .remedy = "shorten the text or simplify the expression"});
    }
    add_rest(out, covered, text.size());
  }

 private:
  std::string expression_;
  RegexHandle compiled_;
};

/// Each part joins the one before it where `joins(part, previous part's flag)`.
template <typename Joins>
void join_forward(std::vector<Match>& parts, const Joins& joins) {
  std::size_t kept = 0;
  bool previous = false;
  for (const Match& part : parts) {
    const bool matches = part.matches;
    if (kept > 0 && joins(matches, previous)) {
      parts[kept - 1].span.end = part.span.end;
    } else {
      parts[kept++] = part;
    }
    previous = matches;
  }
  parts.resize(kept);
}

void join_with_next(std::vector<Match>& parts) {
  std::size_t kept = parts.size();
  bool previous = false;
  for (std::size_t i = parts.size(); i-- > 0;) {
    const Match part = parts[i];
    if (kept < parts.size() && part.matches && !previous) {
      parts[kept].span.begin = part.span.begin;
    } else {
      parts[--kept] = part;
    }
    previous = part.matches;
  }
  parts.erase(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(kept));
}

}  // namespace

std::unique_ptr<Pattern> literal_pattern(std::string literal, std::string_view where) {
  if (literal.empty()) {
    throw Error({.what = "the pattern is empty, expected a text to look for",
                 .where = std::string(where),
                 .remedy = "remove the component or give it a pattern"});
  }
  return std::make_unique<Literal>(std::move(literal));
}

std::unique_ptr<Pattern> regex_pattern(const std::string& expression, std::string_view where,
                                       bool by_hand) {
  if (const Scanner scanner = by_hand ? scanner_for(expression) : nullptr) {
    return std::make_unique<Scanned>(scanner);
  }
  return std::make_unique<IcuRegex>(expression, where);
}

void apply_behavior(SplitBehavior behavior, std::vector<Match>& parts) {
  switch (behavior) {
    case SplitBehavior::kIsolated:
      return;
    case SplitBehavior::kRemoved:
      std::erase_if(parts, [](const Match& part) { return part.matches; });
      return;
    case SplitBehavior::kContiguous:
      return join_forward(parts, [](bool matches, bool previous) { return matches == previous; });
    case SplitBehavior::kMergedWithPrevious:
      return join_forward(parts, [](bool matches, bool previous) { return matches && !previous; });
    case SplitBehavior::kMergedWithNext:
      return join_with_next(parts);
  }
}

}  // namespace relata::text
