#include "unit/data/import_csv_fixture.h"

namespace relata::data {
namespace {

TEST_F(ImportCsv, RefusesBadLabels) {
  const std::string a = "1\n2\n3\n";
  EXPECT_THAT(importing(a, "0\n2\n1\n", {.class_names = {"x", "y"}}),
              fails_with("y.csv:2: the label is '2', expected 0 to 1"));
  EXPECT_THAT(importing(a, "0\n-1\n1\n", {.class_names = {"x", "y"}}),
              fails_with("y.csv:2: the label is '-1'"));
  EXPECT_THAT(importing(a, "x\nz\nx\n", {.class_names = {"x", "y"}}),
              fails_with("y.csv:2: the label is 'z', expected one of x, y"));
  EXPECT_THAT(importing(a, "0.5\ninf\n1\n"),
              fails_with("y.csv:2: the label is 'inf', expected a finite number"));
  EXPECT_THAT(importing(a, "0.5\n1\n1\n", {.class_names = {"x", "y"}}),
              fails_with("it has no classes to name"));
  EXPECT_THAT(importing(a, "NA\n\nNA\n"), fails_with("has no labels"));
  EXPECT_THAT(importing(a, ""), fails_with("y.csv: is empty"));
  EXPECT_THAT(importing(a, "id,label\n"), fails_with("has a header and no rows"));
  EXPECT_THAT(importing(a, "id,b,c\np,1,2\n"), fails_with("has 3 columns, expected the label"));
  EXPECT_THAT(importing(a, "id,label\np,0\nq,1\np,1\n"),
              fails_with("y.csv:4: the id 'p' is given twice, first in line 2"));
  EXPECT_THAT(importing(a, "id,label\np,0\n,1\n"), fails_with("y.csv:3: the id is empty"));
  EXPECT_THAT(importing(a, "id,label\np\n"), fails_with("y.csv:2: row 2 has 1 columns"));
  EXPECT_FALSE(std::filesystem::exists(files_ / "out"));
}

TEST_F(ImportCsv, SeesAFirstSampleThatLooksLikeAHeader) {
  EXPECT_THAT(importing("p,1\nq,2\nr,3\n", "p,rare\nq,usual\nr,usual\n"),
              fails_with("the first row looks like a header, but 'p' is a sample of"));
}

TEST_F(ImportCsv, RefusesBadViews) {
  const std::string y = "id,label\np,0\nq,1\n";
  EXPECT_THAT(importing("id,x,y\np,1,2\nq,3\n", y), fails_with("a.csv:3: row 3 has 2 columns"));
  EXPECT_THAT(importing("id,x\np,1\nq,abc\n", y),
              fails_with("a.csv:3: column 2 (\"x\") is \"abc\""));
  EXPECT_THAT(importing("", y), fails_with("a.csv: is empty"));
  EXPECT_THAT(importing("id,x\n", y), fails_with("has 0 rows"));
  EXPECT_THAT(importing("id,x\np,1\np,2\n", y), fails_with("the sample id 'p' is given twice"));
  EXPECT_THAT(importing("id,x\nv,1\nw,2\n", y),
              fails_with("has none of the ids of the labels: its first is 'v', theirs is 'p'"));
  EXPECT_THAT(importing("id,x\np,NA\nq,\n", y), fails_with("a.csv: holds no value"));
  EXPECT_THAT(importing("1\n2\n3\n", "0\n1\n"), fails_with("y.csv has 2; give both files"));
  EXPECT_THAT(importing("1\n2\n3\n", "0\n1\n"), fails_with("a.csv: has 3 samples"));
  EXPECT_FALSE(std::filesystem::exists(files_ / "out"));
}

TEST_F(ImportCsv, RefusesBadRequests) {
  files_.write("a.csv", "1\n2\n");
  files_.write("y.csv", "0\n1\n");
  const auto with_views = [&](std::vector<std::string> names) {
    return [this, names] {
      CsvImport request{.labels = files_ / "y.csv"};
      for (const auto& name : names) request.views.emplace_back(name, files_ / "a.csv");
      import_csv(request, files_ / "out");
    };
  };
  EXPECT_THAT(with_views({}), fails_with("no view is given"));
  EXPECT_THAT(with_views({"v", "v"}), fails_with("two views are named 'v'"));
  for (const char* name : {"", "id", "label", "group", "a/b", "a.b", "a b", ".."}) {
    EXPECT_THAT(with_views({name}), fails_with("a view is named '" + std::string(name) + "'"));
  }
  import();
  EXPECT_THAT(with_views({"v"}), fails_with("out: already exists"));
}

}  // namespace
}  // namespace relata::data
