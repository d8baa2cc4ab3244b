#include <cmath>
#include <limits>

#include "relata/io/csv.h"
#include "unit/io/support.h"

namespace relata::io {
namespace {

using Values = std::vector<double>;
using Cells = std::vector<std::string>;

NumericMatrix parse(std::string_view text, MatrixOptions options = {}) {
  return parse_numeric_matrix(text, "f.csv", options);
}

auto parsing(std::string_view text, MatrixOptions options = {}) {
  return [=] { parse(text, options); };
}

TEST(NumericMatrix, ReadsPlainNumbers) {
  const NumericMatrix matrix = parse("1,2.5,-3\n4e1,5,6\n");
  EXPECT_EQ(matrix.rows, 2);
  EXPECT_EQ(matrix.columns, 3);
  EXPECT_EQ(matrix.values, (Values{1, 2.5, -3, 40, 5, 6}));
  EXPECT_TRUE(matrix.header.empty());
  EXPECT_TRUE(matrix.row_ids.empty());
}

TEST(NumericMatrix, ReadsOneCell) {
  EXPECT_EQ(parse("7").values, Values{7});
  EXPECT_EQ(parse("label\n7\n").values, Values{7});
  EXPECT_EQ(parse("label\n7\n").header, Cells{"label"});
  EXPECT_EQ(parse("\"7\"\r\n").values, Values{7});
}

TEST(NumericMatrix, ReadsHeaderAndIds) {
  const NumericMatrix matrix = parse("gene\tTP53\tBRCA1\r\np1\t1\t2\r\np2\t3\t4\r\n");
  EXPECT_EQ(matrix.header, (Cells{"TP53", "BRCA1"}));
  EXPECT_EQ(matrix.row_ids, (Cells{"p1", "p2"}));
  EXPECT_EQ(matrix.columns, 2);
  EXPECT_EQ(matrix.values, (Values{1, 2, 3, 4}));
}

TEST(NumericMatrix, ReadsAHeaderWithoutRows) {
  const NumericMatrix matrix = parse("a,b\n");
  EXPECT_EQ(matrix.rows, 0);
  EXPECT_EQ(matrix.columns, 2);
  EXPECT_TRUE(matrix.values.empty());
}

TEST(NumericMatrix, ReadsMissingAndInfiniteCells) {
  const NumericMatrix matrix = parse("1,\nNA,nan\n-inf,2\n");
  EXPECT_EQ(matrix.rows, 3);
  EXPECT_TRUE(std::isnan(matrix.values[1]));
  EXPECT_TRUE(std::isnan(matrix.values[2]));
  EXPECT_TRUE(std::isnan(matrix.values[3]));
  EXPECT_EQ(matrix.values[4], -std::numeric_limits<double>::infinity());
  EXPECT_EQ(parse("1\n\n2\n\n").rows, 3);  // blank in between: a missing value
}

struct Detected {
  const char* text;
  bool header;
  bool ids;
};

TEST(NumericMatrix, DetectsHeaderAndIds) {
  const std::vector<Detected> cases = {
      {"1,2\n3,4", false, false},
      {"a,b\n3,4", true, false},
      {"p,1\nq,2", false, true},
      {"p,1", false, true},
      {"x,a\np,1", true, true},
      {"year,2019\n7,8", true, false},        // numbered header over numbers
      {",0,1\n0,5,6", true, true},            // pandas, numbered columns and rows
      {"\"\",\"1\"\n\"1\",0.5", true, true},  // R
      {",5\n,6", false, false},               // missing values
      {",,5\n1,2,6", false, false},           // missing values
      {"Sample,1,2\nTP53,5,6", true, true},
      {"patient_id,a\n17,5", true, true},
      {"id\n17", true, false},  // one column holds values
      {"a,b,c\n,1,2", true, false},
  };
  for (const auto& [text, header, ids] : cases) {
    const NumericMatrix matrix = parse(text);
    EXPECT_EQ(!matrix.header.empty(), header) << text;
    EXPECT_EQ(!matrix.row_ids.empty(), ids) << text;
  }
  EXPECT_THAT(parsing("NA,1\np,2"), fails_with("say that the first column holds ids"));
}

TEST(NumericMatrix, TakesHeaderAndIdsAsTold) {
  const NumericMatrix both =
      parse("1,2\n3,4", {.header = Presence::kPresent, .id_column = Presence::kPresent});
  EXPECT_EQ(both.header, Cells{"2"});
  EXPECT_EQ(both.row_ids, Cells{"3"});
  EXPECT_EQ(both.values, Values{4});
  EXPECT_EQ(parse("id,b\n3,4", {.id_column = Presence::kAbsent}).columns, 2);
  EXPECT_THAT(parsing("a,b\n3,4", {.header = Presence::kAbsent, .id_column = Presence::kAbsent}),
              fails_with("f.csv:1: column 1 is \"a\", expected a number"));
  EXPECT_THAT(parsing("a\nb", {.id_column = Presence::kPresent}),
              fails_with("has one column, which holds ids"));
}

TEST(NumericMatrix, NamesTheCellThatIsNoNumber) {
  EXPECT_THAT(
      parsing("gene,TP53,BRCA1\np1,1,2\np2,3,x\n"),
      fails_with("f.csv:3: column 3 (\"BRCA1\") is \"x\", expected a number; mend the cell"));
  EXPECT_THAT(parsing("a,b\n1,2\n3,1e999\n"), fails_with("f.csv:3: column 2 (\"b\") is \"1e999\""));
  EXPECT_THAT(parsing("1,2\n3;4,5\n"), fails_with("f.csv:2: column 1 is \"3;4\""));
}

TEST(NumericMatrix, RefusesRaggedRows) {
  EXPECT_THAT(parsing("1,2,3,4,5\n1,2,3\n"),
              fails_with("f.csv:2: row 2 has 3 columns, expected 5"));
  EXPECT_THAT(parsing("1,2\n1,2,x,y\n"), fails_with("f.csv:2: row 2 has 4 columns, expected 2"));
  EXPECT_THAT(parsing("1,2\n3,4\n5,6,7\n"), fails_with("f.csv:3: row 3 has 3 columns, expected 2"));
}

TEST(NumericMatrix, RefusesEmptyAndBrokenFiles) {
  EXPECT_THAT(parsing(""), fails_with("f.csv: is empty"));
  EXPECT_THAT(parsing("1,\"2"), fails_with("f.csv:1: a quote opens here and does not close"));
  const test::Scratch folder;
  EXPECT_THAT([&] { read_numeric_matrix(folder.write("m.csv", "1\nx\n")); },
              fails_with("m.csv:2: column 1 is \"x\""));
  EXPECT_EQ(read_numeric_matrix(folder.write("n.csv", "1;2\n3;4\n")).values, (Values{1, 2, 3, 4}));
}

TEST(NumericMatrix, UnpacksGzip) {
  // gzip of "1,2\n3,4\n"
  constexpr std::string_view kPacked(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x33\xd4\x31\xe2\x32\xd6\x31\xe1\x02\x00"
      "\x47\x93\x6c\xaf\x08\x00\x00\x00",
      28);
  const test::Scratch folder;
  EXPECT_EQ(read_numeric_matrix(folder.write("m.csv", kPacked)).values, (Values{1, 2, 3, 4}));
}

}  // namespace
}  // namespace relata::io
