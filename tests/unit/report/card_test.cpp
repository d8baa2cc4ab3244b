#include "relata/report/card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "relata/report/page.h"

namespace relata::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Card, Base64IsThatOfTheStandard) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xFF\xFE\xFB"), "//77");
}

TEST(Card, EveryTextIsEscaped) {
  const std::string evil = "<script>\"&'";
  const std::vector<Card> cards{{.heading = evil,
                                 .note = evil,
                                 .jpeg = "foo",
                                 .width = 3,
                                 .height = 2,
                                 .alternative = evil,
                                 .text = evil,
                                 .details = {{evil, evil}}}};
  const std::string html = to_html(cards);
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("alt=\"<")));
  EXPECT_THAT(html,
              HasSubstr("src=\"data:image/jpeg;base64,Zm9v\" alt=\"&lt;script&gt;&quot;&amp;"));
  EXPECT_THAT(html, HasSubstr("width=\"3\" height=\"2\""));
}

TEST(Card, LongTextsAreWholeInTheDetails) {
  const std::string text = std::string(400, 'x') + " end";
  const std::vector<Card> cards{{.heading = "a", .text = text}, {.heading = "b", .text = "short"}};
  const std::string html = to_html(cards);
  EXPECT_THAT(html, HasSubstr("x…</p>"));
  EXPECT_THAT(html, HasSubstr("<details>\n<summary>Details of a</summary>\n<p>" + text));
  EXPECT_THAT(html, Not(HasSubstr("Details of b")));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
}

TEST(Card, StandInAPageWithoutScriptsOrOtherFiles) {
  Page page("Answers");
  page.section("2 answers").cards({{.heading = "a", .jpeg = "foo"}, {.heading = "b"}});
  const std::string html = page.html();
  EXPECT_THAT(html, HasSubstr("<ol class=\"cards\">\n<li>\n<img"));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("http")));
}

}  // namespace
}  // namespace relata::report
