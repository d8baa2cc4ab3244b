#include "relata/io/utf8.h"

#include "unit/io/support.h"

namespace relata::io {
namespace {

TEST(Utf8, AcceptsEveryLengthOfSequence) {
  EXPECT_EQ(invalid_utf8_at(""), std::nullopt);
  EXPECT_EQ(invalid_utf8_at("plain ASCII of some length"), std::nullopt);
  EXPECT_EQ(invalid_utf8_at("é ß € 漢字 😀 \xF4\x8F\xBF\xBF \xED\x9F\xBF \xEE\x80\x80"),
            std::nullopt);
}

TEST(Utf8, FindsTheFirstBrokenSequence) {
  EXPECT_EQ(invalid_utf8_at("12345678\x80"), 8U);
  EXPECT_EQ(invalid_utf8_at("a\xC3"), 1U);
  EXPECT_EQ(invalid_utf8_at("ab\xC3("), 2U);
  EXPECT_EQ(invalid_utf8_at("\xC0\x80"), 0U);
  EXPECT_EQ(invalid_utf8_at("\xC1\xBF"), 0U);
  EXPECT_EQ(invalid_utf8_at("\xE0\x9F\xBF"), 0U);
  EXPECT_EQ(invalid_utf8_at("\xF0\x8F\xBF\xBF"), 0U);
  EXPECT_EQ(invalid_utf8_at("\xED\xA0\x80"), 0U);
  EXPECT_EQ(invalid_utf8_at("\xF4\x90\x80\x80"), 0U);
  EXPECT_EQ(invalid_utf8_at("\xF5\x80\x80\x80"), 0U);
}

TEST(Excerpt, IsOnePrintableLine) {
  EXPECT_EQ(excerpt("a\tb\r\n\"\x01\x7F"), R"("a\tb\r\n\"\x01\x7f")");
  EXPECT_EQ(excerpt("é\xFF"), "\"é\\xff\"");
}

TEST(Excerpt, CutsLongTextBetweenCharacters) {
  EXPECT_EQ(excerpt(std::string(60, 'x')), "\"" + std::string(60, 'x') + "\"");
  EXPECT_EQ(excerpt(std::string(61, 'x')), "\"" + std::string(60, 'x') + "…\"");
  EXPECT_EQ(invalid_utf8_at(excerpt(std::string(59, 'x') + "漢字")), std::nullopt);
}

}  // namespace
}  // namespace relata::io
