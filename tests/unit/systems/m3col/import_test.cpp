#include "relata/systems/m3col/import.h"

#include <zlib.h>

#include <cmath>

#include "relata/data/transform.h"
#include "support/repository.h"
#include "unit/data/support.h"

namespace relata::systems::m3col {
namespace {

using data::Dataset;
using data::fails_with;
using data::Files;
using data::ids_of;
using data::ImportSummary;
using data::View;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pair;

TEST(ImportMogonet, GivesTheGoldenSumsOfRosmap) {
  const Files files;
  const ImportSummary summary =
      import_mogonet({.folder = test::repository() / "data/rosmap"}, files / "out");
  EXPECT_EQ(summary.rows, 351);
  EXPECT_EQ(summary.unlabelled, 0);
  EXPECT_THAT(summary.classes, ElementsAre(Pair("0", 118 + 51), Pair("1", 127 + 55)));
  EXPECT_THAT(summary.splits, ElementsAre(Pair("train", 245), Pair("test", 106)));

  struct Golden {
    const char* view;
    double train, test;
    std::vector<double> first;
  };
  const std::vector<Golden> goldens{
      {"mrna", 22765.82571770, 9938.69189471, {0.85010014, 0.53090857, 0.40184844}},
      {"methylation", 23950.87708494, 10390.90756527, {0.56443293, 0.42733962, 0.05261681}},
      {"mirna", 27985.83028201, 12135.85823349, {0.69943477, 0.62026155, 0.65340726}}};
  const auto dataset = Dataset::open(files / "out");
  const View train = dataset->split("train");
  const View test = dataset->split("test");
  for (const auto& [view, train_sum, test_sum, first] : goldens) {
    const auto values = data::field_matrix(train, view).values;
    ASSERT_EQ(values.sizes(), (std::vector<int64_t>{245, 200})) << view;
    const auto affine = data::fit_min_max(values, data::ConstantFeature::kKeep);
    const auto normalised = affine(values);
    EXPECT_NEAR(normalised.sum().item<double>(), train_sum, 1e-8) << view;
    EXPECT_NEAR(affine(data::field_matrix(test, view).values).sum().item<double>(), test_sum, 1e-8)
        << view;
    for (int64_t feature = 0; feature < 3; ++feature) {
      EXPECT_NEAR(normalised[0][feature].item<double>(), first[static_cast<size_t>(feature)], 5e-9);
    }
  }
  EXPECT_EQ(train.feature_names("mrna").front(), "ENSG00000161896.6");
  EXPECT_EQ(train.feature_names("mirna")[1], "hsa-let-7e");
  EXPECT_EQ(train.id(0), "train-0");
  EXPECT_EQ(test.id(105), "test-105");
}

/// A small data set: views 1 and 3, the second without a test part.
class SmallMogonet : public testing::Test {
 protected:
  void SetUp() override {
    files_.write("in/labels_tr.csv", "0.000e+00\n2\n1\n");
    files_.write("in/labels_te.csv", "1\n0\n");
    files_.write("in/1_tr.csv", "1,2\n3,4\n5,6\n");
    files_.write("in/1_te.csv", "7,8\n9,10\n");
    files_.write("in/3_tr.csv", "0.1,0.2,0.3\n0.4,0.5,0.6\n0.7,0.8,0.9\n");
  }

  ImportSummary import(MogonetImport request = {}) {
    request.folder = files_ / "in";
    std::filesystem::remove_all(files_ / "out");
    return import_mogonet(request, files_ / "out");
  }

  auto importing(const std::string& file, const std::string& content,
                 const MogonetImport& request = {}) {
    return [=, this] {
      files_.write("in/" + file, content);
      import(request);
    };
  }

  Files files_;
};

TEST_F(SmallMogonet, IsReadPartByPart) {
  const ImportSummary summary = import();
  EXPECT_EQ(summary.views[1].name, "view3");
  EXPECT_EQ(summary.views[0].missing_rows, 0);
  EXPECT_EQ(summary.views[1].missing_rows, 2);
  EXPECT_THAT(summary.classes, ElementsAre(Pair("0", 2), Pair("1", 2), Pair("2", 1)));
  EXPECT_TRUE(std::filesystem::exists(files_ / "out/view1.test.npy"));
  const auto dataset = Dataset::open(files_ / "out");
  const View train = dataset->split("train");
  EXPECT_THAT(train.vector(2, "view1"), ElementsAre(5, 6));
  EXPECT_THAT(train.vector(1, "view3"), ElementsAre(0.4, 0.5, 0.6));
  EXPECT_EQ(train.class_label(1, "label"), 2);
  const View test = dataset->split("test");
  EXPECT_THAT(test.vector(1, "view1"), ElementsAre(9, 10));
  EXPECT_FALSE(test.present(0, "view3"));
  EXPECT_EQ(test.class_label(0, "label"), 1);
}

TEST_F(SmallMogonet, TakesNamesFromFilesAndRequest) {
  files_.write("in/1_featname.csv", "TP53\r\nBRCA1\r\n");
  files_.write("in/samples_tr.csv", "a\nb\nc\n");
  files_.write("in/samples_te.csv", "d\ne\n");
  const ImportSummary summary =
      import({.view_names = {"rna", "protein"}, .class_names = {"x", "y", "z"}});
  EXPECT_THAT(summary.classes, ElementsAre(Pair("x", 2), Pair("y", 2), Pair("z", 1)));
  const auto dataset = Dataset::open(files_ / "out");
  EXPECT_THAT(dataset->all().feature_names("rna"), ElementsAre("TP53", "BRCA1"));
  EXPECT_THAT(dataset->all().feature_names("protein"), ElementsAre("0", "1", "2"));
  EXPECT_THAT(ids_of(dataset->all()), ElementsAre("a", "b", "c", "d", "e"));
}

TEST_F(SmallMogonet, NamesThreeViewsAsPublished) {
  files_.write("in/2_tr.csv", "1\n2\n3\n");
  EXPECT_EQ(import().views[1].name, "methylation");
  std::filesystem::rename(files_ / "in/2_tr.csv", files_ / "in/4_tr.csv");
  EXPECT_EQ(import().views[2].name, "view4");
}

TEST_F(SmallMogonet, ReadsGzip) {
  std::filesystem::remove(files_ / "in/1_te.csv");
  const gzFile file = gzopen((files_ / "in/1_te.csv.gz").c_str(), "wb");
  gzputs(file, "11,12\n13,14\n");
  gzclose(file);
  import();
  EXPECT_THAT(Dataset::open(files_ / "out")->split("test").vector(0, "view1"), ElementsAre(11, 12));
}

TEST_F(SmallMogonet, CountsHolesAndKeepsThem) {
  files_.write("in/1_te.csv", "NA,inf\n1,2\n");
  const ImportSummary summary = import();
  EXPECT_EQ(summary.views[0].nan_cells, 1);
  EXPECT_EQ(summary.views[0].infinite_cells, 1);
}

TEST_F(SmallMogonet, MustHaveFittingRows) {
  EXPECT_THAT(importing("1_tr.csv", "1,2\n3,4\n"), fails_with("1_tr.csv: has 2 rows, but "));
  EXPECT_THAT(importing("1_tr.csv", "1,2\n3,4\n"), fails_with("labels_tr.csv has 3"));
  EXPECT_FALSE(std::filesystem::exists(files_ / "out"));
}

TEST_F(SmallMogonet, MustHaveFittingColumns) {
  EXPECT_THAT(importing("1_te.csv", "1\n2\n"), fails_with("1_te.csv: has 1 columns, but "));
  EXPECT_THAT(importing("1_te.csv", "1,2\n3\n"), fails_with("1_te.csv:2: row 2 has 1 columns"));
}

TEST_F(SmallMogonet, MustHoldNumbers) {
  EXPECT_THAT(importing("1_te.csv", "1,2\n3,x\n"), fails_with("1_te.csv:2: column 2 is \"x\""));
  EXPECT_THAT(importing("1_te.csv", ""), fails_with("1_te.csv: is empty"));
}

TEST_F(SmallMogonet, MustHaveClassNumbersForLabels) {
  EXPECT_THAT(importing("labels_te.csv", "1\n0.5\n"),
              fails_with("labels_te.csv:2: the label is 0.5, expected a class number"));
  EXPECT_THAT(importing("labels_te.csv", "-1\n0\n"),
              fails_with("labels_te.csv:1: the label is -1"));
  EXPECT_THAT(importing("labels_te.csv", "1\nnan\n"), fails_with("the label is nan"));
  EXPECT_THAT(importing("labels_te.csv", "1,0\n0,0\n"), fails_with("has 2 columns"));
  EXPECT_THAT(importing("labels_te.csv", "1\n0\n", {.class_names = {"x", "y"}}),
              fails_with("has the class 2, but 2 class names are given"));
}

TEST_F(SmallMogonet, MustHaveFittingNames) {
  EXPECT_THAT(importing("1_featname.csv", "a\nb\nc\n"), fails_with("has 3 names (columns), but "));
  std::filesystem::remove(files_ / "in/1_featname.csv");
  EXPECT_THAT(importing("samples_te.csv", "a\n"), fails_with("samples_te.csv: has 1 lines, but "));
  EXPECT_THAT(importing("samples_te.csv", "a\na\n"), fails_with("the sample 'a' is given twice"));
  std::filesystem::remove(files_ / "in/samples_te.csv");
  EXPECT_THAT([&] { import({.view_names = {"one"}}); },
              fails_with("1 names are given, but there are 2 views"));
}

TEST_F(SmallMogonet, MustHaveItsTrainingFiles) {
  files_.write("in/2_te.csv", "1\n2\n");
  EXPECT_THAT([&] { import(); }, fails_with("has no 2_tr.csv"));
  std::filesystem::remove(files_ / "in/labels_tr.csv");
  EXPECT_THAT([&] { import(); }, fails_with("has no labels_tr.csv"));
  EXPECT_THAT([&] { import_mogonet({.folder = files_ / "none"}, files_ / "out"); },
              fails_with("is no folder"));
  std::filesystem::create_directory(files_ / "empty");
  EXPECT_THAT([&] { import_mogonet({.folder = files_ / "empty"}, files_ / "out"); },
              fails_with("has no 1_tr.csv"));
}

}  // namespace
}  // namespace relata::systems::m3col
