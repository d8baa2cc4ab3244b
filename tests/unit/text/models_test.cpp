// WordPiece, Unigram and WordLevel on vocabularies made here.
#include "relata/text/unigram.h"
#include "relata/text/word_level.h"
#include "relata/text/word_piece.h"
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

std::vector<Token> run(const Model& model, std::string_view piece) {
  std::vector<Token> tokens;
  model.tokenize(piece, tokens);
  return tokens;
}

Ids ids_of(const Model& model, std::string_view piece) {
  Ids result;
  for (const Token& token : run(model, piece)) result.push_back(token.id);
  return result;
}

TEST(WordPiece, TakesTheLongestPiece) {
  const WordPiece model(vocabulary_of({"[UNK]", "un", "u", "##aff", "##a", "##able", "##ffable"}),
                        {});
  EXPECT_EQ(ids_of(model, "unaffable"), (Ids{1, 3, 5}));
  EXPECT_EQ(ids_of(model, "unable"), (Ids{1, 5}));
}

TEST(WordPiece, AWordWithAnUnknownPartIsUnknown) {
  const WordPiece model(vocabulary_of({"[UNK]", "un"}), {});
  EXPECT_EQ(ids_of(model, "unx"), (Ids{0}));
  EXPECT_EQ(run(model, "unx")[0].end, 3U);
}

TEST(WordPiece, CutsBetweenCharactersOnly) {
  const WordPiece model(vocabulary_of({"[UNK]", "é", "##é"}), {});
  EXPECT_EQ(ids_of(model, "éé"), (Ids{1, 2}));
  EXPECT_EQ(ids_of(model, "éè"), (Ids{0}));
}

TEST(WordPiece, LongWordsAreUnknown) {
  const WordPiece model(vocabulary_of({"[UNK]", "é", "##é"}), {.longest_word = 3});
  EXPECT_EQ(ids_of(model, "ééé"), (Ids{1, 2, 2}));
  EXPECT_EQ(ids_of(model, "éééé"), (Ids{0}));
}

TEST(WordLevel, KnowsWholeWords) {
  const WordLevel model(vocabulary_of({"<unk>", "word"}), "<unk>");
  EXPECT_EQ(ids_of(model, "word"), (Ids{1}));
  EXPECT_EQ(ids_of(model, "words"), (Ids{0}));
  EXPECT_THAT([] { run(WordLevel(vocabulary_of({"word"}), "<unk>"), "x"); },
              fails_with("is not in the vocabulary"));
}

const std::vector<Unigram::Entry> kPieces = {{"<unk>", 0}, {"a", 0},   {"b", 0},
                                             {"c", 0},     {"d", 0},   {"cd", 1},
                                             {"ab", 2},    {"abc", 5}, {"abcd", 10}};

TEST(Unigram, TakesThePathOfTheLargestSum) {
  const Unigram model(kPieces, 0, false, "v");
  EXPECT_EQ(ids_of(model, "abcd"), (Ids{8}));
  EXPECT_EQ(ids_of(model, "acd"), (Ids{1, 5}));
  EXPECT_EQ(ids_of(model, "abcabc"), (Ids{7, 7}));
}

TEST(Unigram, FusesUnknownCharacters) {
  const Unigram model(kPieces, 0, false, "v");
  EXPECT_EQ(ids_of(model, "axyb"), (Ids{1, 0, 2}));
  EXPECT_EQ(run(model, "axyb")[1].begin, 1U);
  EXPECT_EQ(run(model, "axyb")[1].end, 3U);
}

TEST(Unigram, KeepsTheFirstOfEqualPaths) {
  const Unigram model({{"<unk>", -9}, {"ab", -1}, {"a", -0.5}, {"b", -0.5}}, 0, false, "v");
  EXPECT_EQ(ids_of(model, "ab"), (Ids{1}));
}

TEST(Unigram, FallsBackToBytes) {
  const Unigram model({{"<unk>", 0}, {"a", 0}, {"<0xC3>", 0}, {"<0xA9>", 0}}, 0, true, "v");
  EXPECT_EQ(ids_of(model, "aé"), (Ids{1, 2, 3}));
  EXPECT_EQ(ids_of(model, "aü"), (Ids{1, 0}));
}

TEST(Unigram, NeedsAnUnknownTokenOnlyForWhatIsUnknown) {
  const Unigram model({{"a", 0}}, std::nullopt, false, "v");
  EXPECT_EQ(ids_of(model, "aa"), (Ids{0, 0}));
  EXPECT_THAT([&] { run(model, "b"); }, fails_with("no unknown token"));
}

TEST(Unigram, RefusesBadTables) {
  EXPECT_THAT([] { Unigram({{"a", 0}}, 1, false, "v"); }, fails_with("v: unk_id 1 is no id"));
  EXPECT_THAT([] { Unigram({{"a", std::numeric_limits<double>::quiet_NaN()}}, 0, false, "v"); },
              fails_with("not finite"));
}

}  // namespace
}  // namespace relata::text
