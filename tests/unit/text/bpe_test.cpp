#include "relata/text/bpe.h"

#include <random>

#include "unit/text/support.h"

namespace relata::text {
namespace {

Vocabulary vocabulary_of(const std::vector<std::string>& tokens) {
  Vocabulary vocabulary;
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    vocabulary.add(tokens[id], static_cast<int64_t>(id), "v");
  }
  return vocabulary;
}

struct Result {
  Ids ids;
  std::vector<std::pair<uint32_t, uint32_t>> spans;
};

Result run(const Bpe& bpe, std::string_view piece) {
  std::vector<Token> tokens;
  bpe.tokenize(piece, tokens);
  Result result;
  for (const Token& token : tokens) {
    result.ids.push_back(token.id);
    result.spans.emplace_back(token.begin, token.end);
  }
  return result;
}

TEST(Bpe, MergesTheLowestRankFirst) {
  const Bpe bpe(vocabulary_of({"a", "b", "c", "bc", "ab", "abc"}),
                {{"b", "c"}, {"a", "b"}, {"a", "bc"}}, {}, "m");
  EXPECT_EQ(run(bpe, "abc").ids, (Ids{5}));
  EXPECT_EQ(run(bpe, "abab").ids, (Ids{4, 4}));
  EXPECT_EQ(run(bpe, "abbc").ids, (Ids{4, 3}));
}

TEST(Bpe, MergesTheLeftmostOfEquals) {
  const Bpe bpe(vocabulary_of({"a", "aa"}), {{"a", "a"}}, {}, "m");
  EXPECT_EQ(run(bpe, "aaa").ids, (Ids{1, 0}));
  EXPECT_EQ(run(bpe, std::string(101, 'a')).ids.back(), 0);  // by the heap, too
}

TEST(Bpe, TheHeapGivesWhatTheScanGives) {
  // 48 symbols are scanned, 49 go through the heap; a word boundary is one where nothing merges.
  std::vector<std::string> tokens = {"a", "b", "c", "|"};
  std::vector<MergePair> merges;
  std::mt19937 random(7);
  for (int i = 0; i < 60; ++i) {
    const std::string left = tokens[random() % tokens.size()];
    const std::string right = tokens[random() % tokens.size()];
    const std::string both = left + right;
    if (both.find('|') != both.npos || std::ranges::find(tokens, both) != tokens.end()) continue;
    tokens.push_back(both);
    merges.emplace_back(left, right);
  }
  const Bpe bpe(vocabulary_of(tokens), merges, {}, "m");
  for (int round = 0; round < 200; ++round) {
    std::string joined;
    Ids expected;
    for (int word = 0; word < 6; ++word) {
      std::string letters;
      for (int i = 0; i < 20; ++i) letters += "abc"[random() % 3];
      const Ids part = run(bpe, letters).ids;
      expected.insert(expected.end(), part.begin(), part.end());
      expected.push_back(3);
      joined += letters + "|";
    }
    ASSERT_GT(joined.size(), 48U);
    EXPECT_EQ(run(bpe, joined).ids, expected);
  }
}

TEST(Bpe, MarksTheEndOfAWord) {
  const Bpe bpe(vocabulary_of({"a", "b", "a</w>", "b</w>", "ab</w>"}), {{"a", "b</w>"}},
                {.word_end = "</w>"}, "m");
  EXPECT_EQ(run(bpe, "ab").ids, (Ids{4}));
  EXPECT_EQ(run(bpe, "ba").ids, (Ids{1, 2}));
}

TEST(Bpe, MarksContinuingCharacters) {
  const Bpe bpe(vocabulary_of({"a", "##b", "##c", "ab", "abc"}), {{"a", "##b"}, {"ab", "##c"}},
                {.continuing_prefix = "##"}, "m");
  EXPECT_EQ(run(bpe, "abc").ids, (Ids{4}));
}

TEST(Bpe, FusesUnknownCharactersIfAsked) {
  const Vocabulary vocabulary = vocabulary_of({"<unk>", "a", "b"});
  const Bpe apart(vocabulary, {}, {.unknown = "<unk>"}, "m");
  EXPECT_EQ(run(apart, "accb").ids, (Ids{1, 0, 0, 2}));
  const Bpe fused(vocabulary, {}, {.unknown = "<unk>", .fuse_unknown = true}, "m");
  const Result result = run(fused, "accb");
  EXPECT_EQ(result.ids, (Ids{1, 0, 2}));
  EXPECT_EQ(result.spans[1], (std::pair<uint32_t, uint32_t>(1, 3)));
}

TEST(Bpe, FallsBackToBytes) {
  const Bpe bpe(vocabulary_of({"<unk>", "<0xC3>", "<0xA9>", "a"}), {},
                {.unknown = "<unk>", .byte_fallback = true}, "m");
  EXPECT_EQ(run(bpe, "aé").ids, (Ids{3, 1, 2}));
  EXPECT_EQ(run(bpe, "aü").ids, (Ids{3, 0}));  // one byte of it has no token
}

TEST(Bpe, DropsUnknownCharactersWithoutAnUnknownToken) {
  const Bpe bpe(vocabulary_of({"a", "b", "ab"}), {{"a", "b"}}, {}, "m");
  EXPECT_EQ(run(bpe, "axb").ids, (Ids{2}));
}

TEST(Bpe, IgnoresMergesForWholeTokens) {
  const std::vector<std::string> tokens = {"a", "b", "ab"};
  EXPECT_EQ(run(Bpe(vocabulary_of(tokens), {}, {.ignore_merges = true}, "m"), "ab").ids, (Ids{2}));
  EXPECT_EQ(run(Bpe(vocabulary_of(tokens), {}, {}, "m"), "ab").ids, (Ids{0, 1}));
}

TEST(Bpe, RefusesMergesOfUnknownTokens) {
  EXPECT_THAT([] { Bpe(vocabulary_of({"a", "b"}), {{"a", "x"}}, {}, "merges.txt"); },
              fails_with("merges.txt: merge 0 (\"a\" \"x\") needs the token \"x\""));
  EXPECT_THAT([] { Bpe(vocabulary_of({"a", "b"}), {{"a", "b"}}, {}, "m"); },
              fails_with("needs the token \"ab\""));
  EXPECT_THAT(
      [] { Bpe(vocabulary_of({"a", "b", "ab"}), {{"a", "b"}}, {.continuing_prefix = "##"}, "m"); },
      fails_with("without the prefix"));
}

TEST(Bpe, NeedsItsUnknownTokenOnlyWhenSomethingIsUnknown) {
  const Bpe bpe(vocabulary_of({"a"}), {}, {.unknown = "<unk>"}, "m");
  EXPECT_EQ(run(bpe, "aa").ids, (Ids{0, 0}));
  EXPECT_THAT([&] { run(bpe, "b"); }, fails_with("\"<unk>\" is not in the vocabulary"));
}

}  // namespace
}  // namespace relata::text
