#include "relata/report/text.h"

#include <gmock/gmock.h>

namespace relata::report {
namespace {

using ::testing::ElementsAre;

TEST(Escape, LeavesNothingThatABrowserWouldRun) {
  EXPECT_EQ(escape(R"(<script>alert("x")</script>)"),
            "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;");
  EXPECT_EQ(escape("' onload='x&y"), "&#39; onload=&#39;x&amp;y");
}

TEST(Escape, KeepsLinesAndReplacesWhatXmlForbids) {
  EXPECT_EQ(escape("a\n\tb"), "a\n\tb");
  EXPECT_EQ(escape(std::string_view("a\0b\x1B[2J", 7)), "a\uFFFDb\uFFFD[2J");
  EXPECT_EQ(escape("\xEF\xBF\xBF"), "\uFFFD");
}

TEST(OneLine, ReplacesBrokenUtf8ByteByByte) {
  EXPECT_EQ(one_line("\xC3\xA9"), "é");
  EXPECT_EQ(one_line("\xC3"), "\uFFFD");                                // cut short
  EXPECT_EQ(one_line("\xC0\xAF"), "\uFFFD\uFFFD");                      // overlong '/'
  EXPECT_EQ(one_line("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");            // surrogate
  EXPECT_EQ(one_line("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");  // above U+10FFFF
  EXPECT_EQ(one_line("a\r\nb\tc"), "a  b c");
}

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width("0.9 ± 0.1"), 9U);
  EXPECT_EQ(display_width("1–2"), 3U);
  EXPECT_EQ(display_width("e\u0301"), 1U);
  EXPECT_EQ(display_width("漢字"), 4U);
  EXPECT_EQ(display_width("🙂"), 2U);
  EXPECT_EQ(display_width(""), 0U);
}

TEST(Shorten, CutsWithAnEllipsisOnlyWhereNeeded) {
  EXPECT_EQ(shorten("edema", 5), "edema");
  EXPECT_EQ(shorten("effusion", 5), "effu…");
  EXPECT_EQ(shorten("an effusion", 4), "an…");
  EXPECT_EQ(shorten("漢字漢字", 4), "漢…");
  EXPECT_EQ(shorten("ab", 1), "…");
}

TEST(Wrap, BreaksBetweenWords) {
  EXPECT_THAT(wrap("one two three", 7, 3), ElementsAre("one two", "three"));
  EXPECT_THAT(wrap("one two three four", 7, 2), ElementsAre("one two", "three…"));
  EXPECT_THAT(wrap("unbreakable", 5, 2), ElementsAre("unbr…"));
  EXPECT_THAT(wrap("", 5, 2), ElementsAre(""));
}

TEST(WithThousands, GroupsByThree) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1234567), "1,234,567");
  EXPECT_EQ(with_thousands(-100), "-100");
  EXPECT_EQ(with_thousands(-1000), "-1,000");
}

}  // namespace
}  // namespace relata::report
