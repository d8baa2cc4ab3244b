#include "relata/index/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace relata::index {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Words, AreLowerCasedRunsOfLettersDigitsAndUnderscores) {
  EXPECT_THAT(words("The  CELL's cycle: G1_S, 42%"),
              ElementsAre("the", "cell", "s", "cycle", "g1_s", "42"));
  EXPECT_THAT(words(""), IsEmpty());
  EXPECT_THAT(words(" ?!"), IsEmpty());
}

TEST(Words, KnowOtherAlphabets) {
  EXPECT_THAT(words("ÉCOLE Ωμέγα, Москва 細胞。ab"),
              ElementsAre("école", "ωμέγα", "москва", "細胞", "ab"));
  // A letter and a mark are one word; a broken byte ends one.
  EXPECT_THAT(words("Cafe\u0301 x\xFFy"), ElementsAre("cafe\u0301", "x", "y"));
}

Trigram of(char32_t a, char32_t b, char32_t c) {
  return static_cast<Trigram>(a) << 42U | static_cast<Trigram>(b) << 21U | c;
}

TEST(Words, TrigramsSpanTheEnds) {
  EXPECT_THAT(trigrams("Ab"), ElementsAre(of('^', 'a', 'b'), of('a', 'b', '$')));
  EXPECT_THAT(trigrams("É"), ElementsAre(of('^', U'é', '$')));
  EXPECT_THAT(trigrams("aaaa"), ElementsAre(of('^', 'a', 'a'), of('a', 'a', 'a'), of('a', 'a', 'a'),
                                            of('a', 'a', '$')));
  EXPECT_THAT(trigrams(""), IsEmpty());
}

TEST(Words, TrigramsOfFarCodePointsDiffer) {
  EXPECT_NE(trigrams("\U0001F600x"), trigrams("\U0001F601x"));
  EXPECT_NE(trigrams("x\U0001F600"), trigrams("\U0001F600x"));
}

}  // namespace
}  // namespace relata::index
