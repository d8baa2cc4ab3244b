#include "relata/index/lexical.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "relata/base/error.h"

namespace relata::index {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

const std::vector<std::string> kTexts{"red red cell", "blue cell wall of a plant", "", "green"};

std::string_view text(int64_t i) { return kTexts[static_cast<size_t>(i)]; }

TEST(Bm25, FollowsItsFormula) {
  const Bm25 bm25(4, text);
  // Lengths 3, 6, 0, 1; their mean is 2.5. "cell" is in two of four documents, "red" in one.
  const double idf_cell = std::log(1 + 2.5 / 2.5);
  const double idf_red = std::log(1 + 3.5 / 1.5);
  const auto part = [](double tf, double length) {
    return tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length / 2.5));
  };
  EXPECT_THAT(bm25.scores("Red, CELL!", QueryTerms::kCounted),
              ElementsAre(DoubleNear(idf_cell * part(1, 3) + idf_red * part(2, 3), 1e-12),
                          DoubleNear(idf_cell * part(1, 6), 1e-12), 0, 0));
}

TEST(Bm25, RepeatedWordsOfAQueryCountOrNot) {
  const Bm25 bm25(4, text);
  const double once = bm25.scores("green", QueryTerms::kCounted)[3];
  EXPECT_NEAR(bm25.scores("green green", QueryTerms::kCounted)[3], 2 * once, 1e-12);
  EXPECT_NEAR(bm25.scores("green green", QueryTerms::kDistinct)[3], once, 1e-12);
  EXPECT_GT(once, 0);
}

TEST(Bm25, NoDocumentsOrNoWords) {
  EXPECT_TRUE(Bm25(0, text).scores("cell", QueryTerms::kCounted).empty());
  const Bm25 empty(2, [](int64_t) { return std::string_view(); });
  EXPECT_THAT(empty.scores("cell", QueryTerms::kCounted), ElementsAre(0, 0));
}

TEST(Bm25, ManyDocumentsAreReadInParts) {
  // More than one part of the parallel loop; each tenth document holds the word.
  const Bm25 bm25(10'000, [](int64_t i) {
    return i % 10 == 0 ? std::string_view("tenth one") : std::string_view("other one");
  });
  const auto scores = bm25.scores("tenth", QueryTerms::kCounted);
  for (int64_t i = 0; i < 10'000; ++i)
    ASSERT_EQ(scores[static_cast<size_t>(i)] > 0, i % 10 == 0) << i;
  EXPECT_NEAR(scores[0], std::log(1 + 9000.5 / 1000.5) * 2.2 / (1 + 1.2), 1e-12);
}

TEST(Trigrams, FollowTheirFormula) {
  // Trigrams of "ab": ^ab ab$; of "abc": ^ab abc bc$.
  const std::vector<std::string> texts{"ab", "abc"};
  const TrigramTfIdf tf_idf(
      2, [&](int64_t i) { return std::string_view(texts[static_cast<size_t>(i)]); });
  const double both = std::log(3.0 / 3.0) + 1;
  const double one = std::log(3.0 / 2.0) + 1;
  const double short_norm = std::sqrt(both * both + one * one);
  const double long_norm = std::sqrt(both * both + 2 * one * one);
  EXPECT_THAT(
      tf_idf.scores("AB"),
      ElementsAre(DoubleNear(1, 1e-12), DoubleNear(both * both / (short_norm * long_norm), 1e-12)));
  // "abz" shares ^ab alone; what no document has does not count.
  EXPECT_THAT(tf_idf.scores("abz"), ElementsAre(DoubleNear(both / short_norm, 1e-12),
                                                DoubleNear(both / long_norm, 1e-12)));
  EXPECT_THAT(tf_idf.scores("xyz"), ElementsAre(0, 0));
}

TEST(Trigrams, RepetitionCounts) {
  const std::vector<std::string> texts{"aaaa", "aab"};
  const TrigramTfIdf tf_idf(
      2, [&](int64_t i) { return std::string_view(texts[static_cast<size_t>(i)]); });
  // ^aa (both), aaa twice and aa$ (the first); aab and ab$ (the second).
  const double one = std::log(1.5) + 1;
  const double norm = std::sqrt(1 + 4 * one * one + one * one);
  EXPECT_NEAR(tf_idf.scores("aaa")[0],
              (1 + 2 * one * one + one * one) / (norm * std::sqrt(1 + 2 * one * one)), 1e-12);
}

TEST(Lexical, Bm25IsAShareOfTheHighest) {
  const Lexical lexical(LexicalKind::kBm25, 4, text);
  const Bm25 bm25(4, text);
  const auto raw = bm25.scores("red cell", QueryTerms::kCounted);
  EXPECT_THAT(lexical.scores("red cell", QueryTerms::kCounted),
              ElementsAre(1, DoubleNear(raw[1] / raw[0], 1e-12), 0, 0));
  EXPECT_THAT(lexical.scores("nothing", QueryTerms::kCounted), ElementsAre(0, 0, 0, 0));
  EXPECT_EQ(lexical_kind_of("trigrams"), LexicalKind::kTrigrams);
  EXPECT_THROW(lexical_kind_of("words"), Error);
}

}  // namespace
}  // namespace relata::index
