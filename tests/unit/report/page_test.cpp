#include "relata/report/page.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "relata/base/file.h"
#include "relata/report/plot.h"
#include "unit/report/markup.h"

namespace relata::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kAttack = "</title><script>alert(\"x\")</script>' onclick='y&";

Page full_page() {
  Page page(kAttack, kAttack);
  for (int i = 0; i < 3; ++i) {
    page.section(kAttack)
        .facts({{kAttack, kAttack}})
        .figure(line_chart({.title = kAttack}), kAttack)
        .figure(roc_chart({.title = kAttack}))
        .table({.columns = {{kAttack}}, .rows = {{kAttack}}})
        .preformatted(kAttack);
  }
  return page;
}

TEST(Page, EscapesEveryTextAndIsBalanced) {
  const std::string html = full_page().html();
  EXPECT_EQ(markup_fault(html), "");
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("' onclick")));
}

TEST(Page, NeedsNothingFromElsewhere) {
  const std::string html = full_page().html();
  for (const char* way : {"src=", "@import", "url(", "href=\"http", "<link"}) {
    EXPECT_THAT(html, Not(HasSubstr(way)));
  }
}

TEST(Page, PutsNeighbouringFiguresSideBySide) {
  Content content;
  content.figure(line_chart({})).figure(line_chart({}));
  content.preformatted("between").figure(line_chart({}));
  EXPECT_EQ(markup_fault(content.html()), "");
  const std::string html = content.html();
  EXPECT_LT(html.find("class=\"figures\""), html.find("between"));
  EXPECT_GT(html.rfind("class=\"figures\""), html.find("between"));
  EXPECT_EQ(html.find("class=\"figures\"", html.find("class=\"figures\"") + 1),
            html.rfind("class=\"figures\""));
}

TEST(Page, KeepsTheLinesOfAConfiguration) {
  EXPECT_THAT(Content().preformatted("a:\n  b: 1\n").html(), HasSubstr("a:\n  b: 1\n"));
}

TEST(Page, LinksToItsSectionsFromThreeOn) {
  Page page("T");
  Content& first = page.section("One");
  page.section("Two");
  EXPECT_THAT(page.html(), Not(HasSubstr("<nav")));
  page.section("Three");
  first.preformatted("late");  // still the first section's
  EXPECT_THAT(page.html(), HasSubstr("<a href=\"#part-3\">Three</a>"));
  EXPECT_LT(page.html().find("late"), page.html().find("<h2>Two"));
}

TEST(Page, WithoutSectionsIsAPageStill) { EXPECT_EQ(markup_fault(Page("").html()), ""); }

TEST(Page, IsWrittenWhole) {
  const std::filesystem::path path = std::filesystem::path(::testing::TempDir()) /
                                     ("relata_page_" + std::to_string(::getpid()) + ".html");
  const Page page = full_page();
  page.write(path);
  EXPECT_EQ(read_file(path), page.html());
  std::filesystem::remove(path);
}

// The check of the other tests must itself notice what is wrong.
TEST(MarkupFault, NoticesWhatABrowserWouldForgive) {
  EXPECT_EQ(markup_fault("<a b=\"c\">x &amp; y<d/></a>"), "");
  for (const char* broken : {"<a>", "</a>", "<a><b></a></b>", "<a b=c></a>", "a & b",
                             "<a b=\"&\"/>", "<a b=\"<\"/>", "<a", "&nbsp;"}) {
    EXPECT_NE(markup_fault(broken), "") << broken;
  }
}

}  // namespace
}  // namespace relata::report
