#include "relata/report/table.h"

#include <gmock/gmock.h>

#include "relata/base/error.h"
#include "unit/report/markup.h"

namespace relata::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;

const Table kSeeds{.columns = {{"system"}, {"accuracy", Align::kRight}, {"seeds", Align::kCenter}},
                   .rows = {{"M3CoL", "87.3 ± 1.2", "4"}, {"logistic régression", "83 – 84", "12"}},
                   .caption = "ROSMAP",
                   .footnotes = {"± is the sample deviation."}};

TEST(TableText, AlignsByDisplayedColumns) {
  EXPECT_EQ(to_text(kSeeds),
            "ROSMAP\n"
            "system                 accuracy  seeds\n"
            "───────────────────  ──────────  ─────\n"
            "M3CoL                87.3 ± 1.2    4\n"
            "logistic régression     83 – 84   12\n"
            "± is the sample deviation.\n");
}

TEST(TableText, LetsNoCellDriveTheTerminal) {
  const std::string text = to_text({.columns = {{"class"}}, .rows = {{"\x1B[31mred\nline"}}});
  EXPECT_THAT(text, Not(HasSubstr("\x1B")));
  EXPECT_THAT(text, HasSubstr("[31mred line\n"));
}

TEST(TableMarkdown, IsAlignedInItsSourceToo) {
  EXPECT_EQ(to_markdown(kSeeds),
            "**ROSMAP**\n\n"
            "| system              |   accuracy | seeds |\n"
            "| ------------------- | ---------: | :---: |\n"
            "| M3CoL               | 87.3 ± 1.2 |   4   |\n"
            "| logistic régression |    83 – 84 |  12   |\n"
            "\n± is the sample deviation.\n");
}

TEST(TableMarkdown, EscapesItsOwnSigns) {
  const std::string text = to_markdown({.columns = {{"f1_macro"}}, .rows = {{"a|b <i> _c_ *d*"}}});
  EXPECT_THAT(text, HasSubstr("| f1_macro "));
  EXPECT_THAT(text, HasSubstr(R"(| a\|b \<i\> \_c\_ \*d\* |)"));
}

TEST(TableHtml, EscapesEveryTextAndIsBalanced) {
  const std::string attack = "<script>'\"&";
  const std::string html = to_html(
      {.columns = {{attack}}, .rows = {{attack}}, .caption = attack, .footnotes = {attack}});
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("'\"")));
  EXPECT_EQ(markup_fault(html), "");
}

TEST(Table, WithoutRowsOrColumnsIsStillShown) {
  EXPECT_EQ(to_text({.columns = {{"a"}, {"b"}}, .rows = {}}), "a  b\n─  ─\n");
  EXPECT_EQ(markup_fault(to_html({.columns = {}, .rows = {}})), "");
}

TEST(Table, NamesTheRaggedRow) {
  const Table ragged{.columns = {{"a"}, {"b"}}, .rows = {{"1", "2"}, {"3"}}, .caption = "Seeds"};
  EXPECT_THAT([&] { to_text(ragged); },
              ThrowsMessage<Error>(HasSubstr("Seeds: row 2 has 1 cells but the table has 2")));
}

}  // namespace
}  // namespace relata::report
