#include "relata/io/csv.h"

#include "relata/io/csv_scanner.h"
#include "unit/io/support.h"

namespace relata::io {
namespace {

using Rows = std::vector<std::vector<std::string>>;
using Cells = std::vector<std::string>;

auto parsing(std::string_view text, CsvOptions options = {}) {
  return [=] { parse_csv(text, "f.csv", options); };
}

TEST(ParseCsv, SplitsHeaderAndRows) {
  const CsvTable table = parse_csv("id,label\na,1\nb,\n", "f");
  EXPECT_EQ(table.header, (Cells{"id", "label"}));
  EXPECT_EQ(table.rows, (Rows{{"a", "1"}, {"b", ""}}));
  EXPECT_EQ(table.lines, (std::vector<int64_t>{2, 3}));
}

TEST(ParseCsv, TakesEveryLineEndAndByteOrderMark) {
  for (const char* text : {"a,b\nc,d", "a,b\r\nc,d\r\n",
                           "\xEF\xBB\xBF"
                           "a,b\nc,d\n",
                           "a,b\nc,d\n\n\r\n\n"}) {
    const CsvTable table = parse_csv(text, "f");
    EXPECT_EQ(table.header, (Cells{"a", "b"})) << text;
    EXPECT_EQ(table.rows, (Rows{{"c", "d"}})) << text;
  }
}

TEST(ParseCsv, UnquotesCells) {
  const CsvTable table =
      parse_csv("h,i\n\"a,b\",\"say \"\"hi\"\"\"\n\"two\r\nlines\",\"\"\r\nx,\"y\"", "f");
  EXPECT_EQ(table.rows, (Rows{{"a,b", "say \"hi\""}, {"two\r\nlines", ""}, {"x", "y"}}));
  EXPECT_EQ(table.lines, (std::vector<int64_t>{2, 3, 5}));
  EXPECT_EQ(parse_csv("\"\"\"\"", "f").header, (Cells{"\""}));
}

TEST(ParseCsv, KeepsABlankLineInBetweenAsAnEmptyCell) {
  EXPECT_EQ(parse_csv("h\n\nx\n\n", "f").rows, (Rows{{""}, {"x"}}));
  EXPECT_THAT(parsing("a,b\n\nc,d"), fails_with("f.csv:2: row 2 has 1 columns, expected 2"));
}

TEST(ParseCsv, DetectsTheDelimiter) {
  EXPECT_EQ(detect_delimiter("a,b;c\tx,y"), ',');
  EXPECT_EQ(detect_delimiter("a;b;c,d"), ';');
  EXPECT_EQ(detect_delimiter("a\tb\n,,,,"), '\t');
  EXPECT_EQ(detect_delimiter("\"a,b,c\n,,\";d"), ';');
  EXPECT_EQ(detect_delimiter("alone"), ',');
  EXPECT_EQ(parse_csv("a\tb\nc,d\te", "f").rows, (Rows{{"c,d", "e"}}));
  EXPECT_EQ(parse_csv("a,b|c", "f", {.delimiter = '|'}).header, (Cells{"a,b", "c"}));
  EXPECT_THAT(parsing("a", {.delimiter = '"'}), fails_with("f.csv: delimiter is \"\\\"\""));
  EXPECT_THAT(parsing("a", {.delimiter = '\n'}), fails_with("f.csv: delimiter is \"\\n\""));
}

TEST(ParseCsv, TakesAHeaderAsTold) {
  EXPECT_EQ(parse_csv("1,2\n3,4", "f").header, (Cells{"1", "2"}));
  EXPECT_TRUE(parse_csv("a,b", "f", {.header = Presence::kAbsent}).header.empty());
  EXPECT_EQ(parse_csv("a,b\n1,2", "f", {.header = Presence::kDetect}).header, (Cells{"a", "b"}));
  EXPECT_TRUE(parse_csv("a,1\nb,2", "f", {.header = Presence::kDetect}).header.empty());
  EXPECT_TRUE(parse_csv("a,b", "f").rows.empty());
}

TEST(ParseCsv, RefusesRaggedRows) {
  EXPECT_THAT(parsing("a,b\n\"x\ny\",z\nc\n"),
              fails_with("f.csv:4: row 3 has 1 columns, expected 2"));
  EXPECT_THAT(parsing("a,b\nc,d,\n"), fails_with("f.csv:2: row 2 has 3 columns, expected 2"));
}

TEST(ParseCsv, RefusesBrokenQuotes) {
  EXPECT_THAT(parsing("a\nb\n\"c\nd"),
              fails_with("f.csv:3: a quote opens here and does not close: \"c\\nd\""));
  EXPECT_THAT(parsing("a\nb\"c"), fails_with("f.csv:2: an unquoted cell has a quote in it"));
  EXPECT_THAT(parsing("a\n\"b\"c"), fails_with("f.csv:2: text follows the closing quote of \"b\""));
  EXPECT_THAT(parsing("\"a\"\rb"), fails_with("text follows the closing quote"));
}

TEST(ParseCsv, RefusesOtherEncodings) {
  EXPECT_THAT(parsing("a\nb\xE9\n"), fails_with("f.csv:2: is not valid UTF-8 at \"\\xe9\\n\""));
  EXPECT_THAT(parsing({"\xFF\xFE"
                       "a\0",
                       4}),
              fails_with("f.csv: is UTF-16 text, expected UTF-8"));
  EXPECT_THAT(parsing({"\xFE\xFF\0"
                       "a",
                       4}),
              fails_with("f.csv: is UTF-16 text"));
}

TEST(ParseCsv, RefusesAnEmptyFile) {
  for (const char* text : {"", "\n", "\r\n\n", "\xEF\xBB\xBF"}) {
    EXPECT_THAT(parsing(text), fails_with("f.csv: is empty, expected at least one row"));
  }
}

TEST(ReadCsv, NamesTheFile) {
  const test::Scratch folder;
  EXPECT_EQ(read_csv(folder.write("f.tsv", "a\tb\n1\t2\n")).rows, (Rows{{"1", "2"}}));
  EXPECT_THAT([&] { read_csv(folder.write("g.csv", "a\n\"")); },
              fails_with("g.csv:2: a quote opens"));
  EXPECT_THAT([&] { read_csv(folder / "absent.csv"); }, fails_with("absent.csv: cannot open"));
}

}  // namespace
}  // namespace relata::io
