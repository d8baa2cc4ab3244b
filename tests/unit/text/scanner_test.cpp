#include "relata/text/scanner.h"

#include <array>
#include <random>

#include "relata/text/pattern.h"
#include "relata/text/utf8.h"
#include "unit/text/support.h"

namespace relata::text {

bool operator==(const Match& a, const Match& b) {
  return a.span == b.span && a.matches == b.matches;
}
void PrintTo(const Match& match, std::ostream* out) {
  *out << match.span.begin << ".." << match.span.end << (match.matches ? "" : " not");
}

namespace {

/// Letters, numbers, signs and spaces of several sizes, apostrophes and their endings, specials.
std::string random_text(std::mt19937& random) {
  static constexpr std::array<std::string_view, 44> kParts = {"a",
                                                              "Z",
                                                              "é",
                                                              "日",
                                                              "𝔘",
                                                              "1",
                                                              "٣",
                                                              "²",
                                                              "Ⅷ",
                                                              " ",
                                                              "  ",
                                                              "\t",
                                                              "\n",
                                                              "\r",
                                                              "\r\n",
                                                              "\u00a0",
                                                              "\u3000",
                                                              "\u0085",
                                                              "\u2028",
                                                              "'",
                                                              "'s",
                                                              "'S",
                                                              "'t",
                                                              "'re",
                                                              "'RE",
                                                              "'ve",
                                                              "'m",
                                                              "'ll",
                                                              "'lL",
                                                              "'d",
                                                              "'ſ",
                                                              "'l",
                                                              "'r",
                                                              "!",
                                                              "—",
                                                              "😀",
                                                              "\u0301",
                                                              "\u200b",
                                                              "_",
                                                              "<|startoftext|>",
                                                              "<|endoftext|>",
                                                              "<|",
                                                              "ſ",
                                                              "\ufffd"};
  std::string text;
  for (uint64_t n = 1 + random() % 14; n > 0; --n) text += kParts[random() % kParts.size()];
  return text;
}

TEST(Scanners, CutAsTheRegularExpressionsDo) {
  std::mt19937 random(5);
  for (const std::string_view expression : scanned_expressions()) {
    const auto scanner = regex_pattern(std::string(expression), "");
    const auto icu = regex_pattern(std::string(expression), "", false);
    for (int round = 0; round < 4000; ++round) {
      const std::string text = random_text(random);
      std::vector<Match> by_hand;
      std::vector<Match> by_icu;
      scanner->find(text, by_hand);
      icu->find(text, by_icu);
      ASSERT_EQ(by_hand, by_icu) << expression << "\n" << text;
    }
  }
}

TEST(Scanners, CoverSixExpressions) {
  EXPECT_EQ(scanned_expressions().size(), 6U);
  EXPECT_EQ(scanner_for("x+"), nullptr);
}

std::vector<std::string> cut(const Pattern& pattern, std::string_view text, SplitBehavior behavior,
                             bool invert = false) {
  std::vector<Match> parts;
  pattern.find(text, parts);
  if (invert) {
    for (Match& part : parts) part.matches = !part.matches;
  }
  apply_behavior(behavior, parts);
  std::vector<std::string> pieces;
  for (const auto& [span, matches] : parts) {
    pieces.emplace_back(text.substr(span.begin, span.end - span.begin));
  }
  return pieces;
}

using Pieces = std::vector<std::string>;

TEST(Pattern, CutsByEachBehavior) {
  const auto dash = literal_pattern("-", "");
  const std::string_view text = "the-final--countdown";
  EXPECT_EQ(cut(*dash, text, SplitBehavior::kRemoved), (Pieces{"the", "final", "countdown"}));
  EXPECT_EQ(cut(*dash, text, SplitBehavior::kIsolated),
            (Pieces{"the", "-", "final", "-", "-", "countdown"}));
  EXPECT_EQ(cut(*dash, text, SplitBehavior::kMergedWithPrevious),
            (Pieces{"the-", "final-", "-", "countdown"}));
  EXPECT_EQ(cut(*dash, text, SplitBehavior::kMergedWithNext),
            (Pieces{"the", "-final", "-", "-countdown"}));
  EXPECT_EQ(cut(*dash, text, SplitBehavior::kContiguous),
            (Pieces{"the", "-", "final", "--", "countdown"}));
  EXPECT_EQ(cut(*dash, text, SplitBehavior::kRemoved, true), (Pieces{"-", "-", "-"}));
}

TEST(Pattern, EmptyMatchesCut) {
  const auto capitals = regex_pattern("(?=[A-Z])", "");
  EXPECT_EQ(cut(*capitals, "oneTwoThree", SplitBehavior::kRemoved),
            (Pieces{"one", "Two", "Three"}));
}

TEST(Pattern, RefusesWhatCannotBeSearchedFor) {
  EXPECT_THAT([] { literal_pattern("", "t.json: pattern"); },
              fails_with("t.json: pattern: the pattern is empty"));
  EXPECT_THAT([] { regex_pattern("(", "t.json: pattern"); },
              fails_with("t.json: pattern: regular expression \"(\" cannot be compiled"));
}

TEST(Pattern, KnowsOniguruma) {
  const auto words = regex_pattern(R"([\w]+)", "");
  EXPECT_EQ(cut(*words, "x² ½ \u20dd①", SplitBehavior::kRemoved, true),
            (Pieces{"x²", "½", "\u20dd"}));
  const auto spaces = regex_pattern(R"(\s)", "");
  EXPECT_EQ(cut(*spaces,
                "a\x0b"
                "b\u0085c\u200bd",
                SplitBehavior::kRemoved),
            (Pieces{"a", "b", "c\u200bd"}));
}

}  // namespace
}  // namespace relata::text
