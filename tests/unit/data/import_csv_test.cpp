#include "relata/data/import_csv.h"

#include <cmath>
#include <map>
#include <set>

#include "relata/data/transform.h"
#include "unit/data/import_csv_fixture.h"

namespace relata::data {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST_F(ImportCsv, JoinsPlainFilesByTheirOrder) {
  files_.write("a.csv", "1,2\n3,4\n5,6\n");
  files_.write("b.csv", "7\n8\n9\n");
  files_.write("y.csv", "0\n1\n0\n");
  const ImportSummary summary = import();
  EXPECT_EQ(summary.rows, 3);
  ASSERT_EQ(summary.views.size(), 2);
  EXPECT_EQ(summary.views[0].name, "a");
  EXPECT_EQ(summary.views[0].features, 2);
  EXPECT_FALSE(summary.views[0].transposed);
  EXPECT_THAT(summary.classes, ElementsAre(Pair("0", 2), Pair("1", 1)));
  EXPECT_THAT(summary.splits, ElementsAre(Pair("all", 3)));
  const auto dataset = open();
  const View all = dataset->split("all");
  EXPECT_THAT(ids_of(all), ElementsAre("0", "1", "2"));
  EXPECT_THAT(all.vector(1, "a"), ElementsAre(3, 4));
  EXPECT_THAT(all.vector(2, "b"), ElementsAre(9));
  EXPECT_EQ(all.class_label(1, "label"), 1);
  EXPECT_THAT(all.feature_names("a"), ElementsAre("0", "1"));
}

TEST_F(ImportCsv, JoinsByIdInTheOrderOfTheLabels) {
  files_.write("a.csv", "id,TP53,BRCA1\np3,5,6\np1,1,2\np9,7,8\n");
  files_.write("b.csv", "id,x\np2,20\np1,10\n");
  files_.write("y.csv", "id,diagnosis\np1,sick\np2,well\np3,sick\np4,well\n");
  const ImportSummary summary = import();
  EXPECT_EQ(summary.rows, 4);
  EXPECT_EQ(summary.unlabelled, 1);
  EXPECT_THAT(summary.left_out, ElementsAre("p4"));
  EXPECT_EQ(summary.views[0].missing_rows, 1);
  EXPECT_EQ(summary.views[1].missing_rows, 2);
  EXPECT_THAT(summary.classes, ElementsAre(Pair("sick", 2), Pair("well", 1)));
  EXPECT_THAT(summary.splits, ElementsAre(Pair("all", 3), Pair("unlabelled", 1)));
  const auto dataset = open();
  const View all = dataset->split("all");
  EXPECT_THAT(ids_of(all), ElementsAre("p1", "p2", "p3"));
  EXPECT_THAT(all.vector(0, "a"), ElementsAre(1, 2));
  EXPECT_THAT(all.vector(0, "b"), ElementsAre(10));
  EXPECT_FALSE(all.present(1, "a"));
  EXPECT_THAT(all.vector(1, "b"), ElementsAre(20));
  EXPECT_THAT(all.vector(2, "a"), ElementsAre(5, 6));
  EXPECT_FALSE(all.present(2, "b"));
  EXPECT_EQ(all.class_label(1, "label"), 1);
  EXPECT_THAT(all.feature_names("a"), ElementsAre("TP53", "BRCA1"));
  const View rest = dataset->split("unlabelled");
  EXPECT_THAT(ids_of(rest), ElementsAre("p9"));
  EXPECT_EQ(rest.class_label(0, "label"), -1);
  EXPECT_THAT(rest.vector(0, "a"), ElementsAre(7, 8));
}

TEST_F(ImportCsv, JoinsByIdsThatLookLikeNumbers) {
  files_.write("y.csv", "id,label\n101,0\n102,1\n103,1\n");
  files_.write("a.csv", "103,5,6\n101,1,2\n102,3,4\n");  // no header
  files_.write("b.csv", "gene,103,101,102\nTP53,9,7,8\n");
  const ImportSummary summary = import();
  EXPECT_TRUE(summary.views[1].transposed);
  const auto dataset = open();
  const View all = dataset->split("all");
  EXPECT_THAT(ids_of(all), ElementsAre("101", "102", "103"));
  EXPECT_THAT(all.vector(0, "a"), ElementsAre(1, 2));
  EXPECT_THAT(all.vector(2, "a"), ElementsAre(5, 6));
  EXPECT_THAT(all.vector(0, "b"), ElementsAre(7));
  EXPECT_THAT(all.feature_names("b"), ElementsAre("TP53"));
}

TEST_F(ImportCsv, TurnsFeaturesInRowsByIds) {
  files_.write("y.csv", "id,label\ns1,0\ns2,1\ns3,0\n");
  files_.write("a.csv", "\ts3\ts1\ts9\nTP53\t3\t1\t9\nBRCA1\t30\t10\t90\n");
  const ImportSummary summary = import();
  EXPECT_TRUE(summary.views[0].transposed);
  EXPECT_EQ(summary.views[0].features, 2);
  EXPECT_THAT(summary.left_out, ElementsAre("s2"));
  const View all = open()->split("all");
  EXPECT_THAT(ids_of(all), ElementsAre("s1", "s3"));
  EXPECT_THAT(all.vector(0, "a"), ElementsAre(1, 10));
  EXPECT_THAT(all.vector(1, "a"), ElementsAre(3, 30));
  EXPECT_THAT(all.feature_names("a"), ElementsAre("TP53", "BRCA1"));
  EXPECT_THAT(open()->split("unlabelled").vector(0, "a"), ElementsAre(9, 90));
}

TEST_F(ImportCsv, TurnsFeaturesInRowsByTheNumberOfLabels) {
  files_.write("y.csv", "0\n1\n0\n");
  files_.write("a.csv", "1,2,3\n4,5,6\n");
  EXPECT_TRUE(import().views[0].transposed);
  EXPECT_THAT(open()->all().vector(0, "a"), ElementsAre(1, 4));
  files_.write("a.csv", "1,2,3\n4,5,6\n7,8,9\n");  // both fit: as it stands
  EXPECT_FALSE(import().views[0].transposed);
  EXPECT_THAT(open()->all().vector(0, "a"), ElementsAre(1, 2, 3));
}

TEST_F(ImportCsv, TakesIdsOfAViewWhereTheLabelsHaveNone) {
  files_.write("y.csv", "label\n0\n1\n");
  files_.write("a.csv", "id,x\np,1\nq,2\n");
  files_.write("b.csv", "3\n4\n");
  import();
  EXPECT_THAT(ids_of(open()->all()), ElementsAre("p", "q"));
  EXPECT_THAT(open()->all().vector(1, "b"), ElementsAre(4));
  files_.write("b.csv", "id,x\nq,2\np,1\n");
  EXPECT_THAT([&] { import(); }, fails_with("b.csv: has other ids, or another order of them"));
}

TEST_F(ImportCsv, JoinsAViewWithoutIdsToLabelsWithThem) {
  files_.write("y.csv", "id,label\np,0\nq,1\n");
  files_.write("a.csv", "1\n2\n");
  import();
  EXPECT_THAT(open()->all().vector(1, "a"), ElementsAre(2));
  EXPECT_THAT(importing("1\n2\n3\n", "id,label\np,0\nq,1\n"), fails_with("has 3 samples, but"));
}

TEST_F(ImportCsv, KeepsSingleHolesAndDropsEmptyRows) {
  files_.write("y.csv", "id,label\np,0\nq,1\nr,0\n");
  files_.write("a.csv", "id,x,y\np,1,NA\nq,NA,\nr,inf,-inf\n");
  files_.write("b.csv", "id,x\np,1\nq,2\nr,3\n");
  const ImportSummary summary = import();
  EXPECT_EQ(summary.views[0].missing_rows, 1);
  EXPECT_EQ(summary.views[0].nan_cells, 1);
  EXPECT_EQ(summary.views[0].infinite_cells, 2);
  EXPECT_EQ(summary.views[1].nan_cells, 0);
  const auto dataset = open();
  const View all = dataset->all();
  EXPECT_FALSE(all.present(1, "a"));
  EXPECT_TRUE(std::isnan(all.vector(0, "a")[1]));
  EXPECT_TRUE(std::isinf(all.vector(2, "a")[0]));
  EXPECT_THAT([&] { field_matrix(all, "a"); },
              fails_with("field 'a' of record 'p' holds nan at feature 'y'"));
}

TEST_F(ImportCsv, ReadsLabelsOfEveryShape) {
  files_.write("a.csv", "1\n2\n3\n");
  const auto labels = [&](const std::string& y, const CsvImport& request = {}) {
    files_.write("y.csv", y);
    return import(request).classes;
  };
  EXPECT_THAT(labels("sick\nwell\nsick\n"), ElementsAre(Pair("sick", 2), Pair("well", 1)));
  EXPECT_THAT(labels("state\nsick\nwell\nwell\n"), ElementsAre(Pair("sick", 1), Pair("well", 2)));
  EXPECT_THAT(labels("0.0e+00\n1.000\n1\n"), ElementsAre(Pair("0", 1), Pair("1", 2)));
  EXPECT_THAT(labels("2\n1\n2\n"), ElementsAre(Pair("1", 1), Pair("2", 2)));
  EXPECT_EQ(open()->all().class_label(1, "label"), 0);
  EXPECT_THAT(labels("-1\n1\n1\n"), ElementsAre(Pair("-1", 1), Pair("1", 2)));
  EXPECT_THAT(labels("1\nx\n1\n"), ElementsAre(Pair("1", 2), Pair("x", 1)));
  EXPECT_THAT(labels(",0\np,1\nq,0\nr,1\n"), ElementsAre(Pair("0", 1), Pair("1", 2)));  // pandas
  EXPECT_THAT(labels("well\nsick\nwell\n", {.class_names = {"well", "sick"}}),
              ElementsAre(Pair("well", 2), Pair("sick", 1)));
  EXPECT_THAT(labels("0\n1\n1\n", {.class_names = {"well", "sick", "gone"}}),
              ElementsAre(Pair("well", 1), Pair("sick", 2), Pair("gone", 0)));
}

TEST_F(ImportCsv, TakesOtherNumbersForARealLabel) {
  files_.write("a.csv", "1\n2\n3\n");
  files_.write("y.csv", "age\n70\n71.5\nNA\n");
  const ImportSummary summary = import();
  EXPECT_THAT(summary.classes, IsEmpty());
  EXPECT_EQ(summary.unlabelled, 1);
  const View all = open()->split("all");
  EXPECT_EQ(all.label_spec("label").kind, LabelKind::kReal);
  EXPECT_EQ(all.real_label(0, "label"), 70);
  EXPECT_EQ(all.real_label(1, "label"), 71.5);
  EXPECT_EQ(open()->split("unlabelled").size(), 1);
}

TEST_F(ImportCsv, CutsBySeedAndKeepsGroups) {
  std::string a = "id,x\n";
  std::string y = "id,patient,label\n";
  for (int i = 0; i < 40; ++i) {
    const std::string id = "s" + std::to_string(i);
    a += id + "," + std::to_string(i) + "\n";
    y += id + ",p" + std::to_string(i % 20) + "," + (i == 7 ? "NA" : std::to_string(i % 2)) + "\n";
  }
  files_.write("a.csv", a);
  files_.write("y.csv", y);
  const CsvImport request{.fractions = {50, 25, 25}, .seed = 4, .group_column = "patient"};
  const ImportSummary summary = import(request);
  EXPECT_EQ(summary.splits.size(), 4);
  const auto dataset = open();
  std::set<std::string> ids;
  std::map<std::string, std::string> split_of;
  for (const std::string split : {"train", "val", "test"}) {
    const View view = dataset->split(split);
    for (int64_t i = 0; i < view.size(); ++i) {
      EXPECT_TRUE(ids.insert(view.id(i)).second);
      EXPECT_EQ(split_of.emplace(view.group(i), split).first->second, split);
      EXPECT_EQ("s" + std::to_string(static_cast<int>(view.vector(i, "a")[0])), view.id(i));
      EXPECT_EQ(view.class_label(i, "label"), static_cast<int>(view.vector(i, "a")[0]) % 2);
    }
  }
  EXPECT_EQ(ids.size(), 39);
  EXPECT_THAT(ids_of(dataset->split("unlabelled")), ElementsAre("s7"));
  EXPECT_NEAR(static_cast<double>(dataset->split("train").size()), 20, 2);
  const auto train = ids_of(dataset->split("train"));
  import(request);
  EXPECT_EQ(ids_of(open()->split("train")), train);
  CsvImport other = request;
  other.seed = 5;
  import(other);
  EXPECT_NE(ids_of(open()->split("train")), train);
  other.group_column = "patien";
  EXPECT_THAT([&] { import(other); },
              fails_with("has no column 'patien'; did you mean 'patient'?"));
}

}  // namespace
}  // namespace relata::data
