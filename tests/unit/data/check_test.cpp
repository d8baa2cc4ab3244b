#include "relata/data/check.h"

#include <limits>

#include "unit/data/support.h"

namespace relata::data {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

auto finding(Severity severity, const std::string& subject, const std::string& text) {
  return AllOf(Field(&Finding::severity, severity), Field(&Finding::subject, subject),
               Field(&Finding::text, HasSubstr(text)));
}

auto about(const std::string& text) { return Field(&Finding::text, HasSubstr(text)); }

/// A dataset with the splits train and test, a vector, an image, a class label and a group.
class Check : public testing::Test {
 protected:
  CheckReport check(const std::string& train, const std::string& test) {
    files_.write("dataset.yaml", R"(
fields: {m: vector, p: image}
splits: {train: train.jsonl, test: test.jsonl}
labels: {y: {names: [no, yes, maybe]}}
group: who
)");
    files_.write("train.jsonl", train);
    files_.write("test.jsonl", test);
    return check_dataset(*files_.open());
  }

  Files files_;
};

TEST_F(Check, FindsNothingWrongWithGoodData) {
  files_.write("a.jpg", "pixels");
  const CheckReport report = check(R"({"m": [1, 2], "p": "a.jpg", "y": 0, "who": "a"})"
                                   "\n"
                                   R"({"m": [3, 4], "p": "a.jpg", "y": 1, "who": "a"})"
                                   "\n"
                                   R"({"m": [3, 5], "p": "a.jpg", "y": 2, "who": "b"})"
                                   "\n",
                                   R"({"m": [5, 6], "p": "a.jpg", "y": 0, "who": "c"})"
                                   "\n"
                                   R"({"m": [7, 6], "p": "a.jpg", "y": 1, "who": "c"})"
                                   "\n"
                                   R"({"m": [7, 7], "p": "a.jpg", "y": 2, "who": "c"})"
                                   "\n");
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_THAT(report.splits, ElementsAre(Pair("train", 3), Pair("test", 3)));
  ASSERT_EQ(report.classes.size(), 2);
  EXPECT_EQ(report.classes[1].split, "test");
  EXPECT_THAT(report.classes[0].classes,
              ElementsAre(Pair("no", 1), Pair("yes", 1), Pair("maybe", 1)));
  EXPECT_EQ(report.classes[0].unlabelled, 0);
  ASSERT_EQ(report.vectors.size(), 1);
  EXPECT_EQ(report.vectors[0].width, 2);
  EXPECT_EQ(report.vectors[0].rows, 6);
  EXPECT_EQ(report.vectors[0].constant_features, 0);
}

TEST_F(Check, FindsMissingFiles) {
  files_.write("a.jpg", "pixels");
  files_.write("s.tar", "archive");
  const CheckReport report = check(
      "{\"p\": \"a.jpg\"}\n{\"p\": \"b.jpg\"}\n{\"p\": \"s.tar#x.jpg\"}\n{\"p\": \"t.tar#x.jpg\"}\n"
      "{\"who\": 1}\n",
      "{\"p\": \"c.jpg\"}\n{\"p\": \"d.jpg\"}\n");
  EXPECT_THAT(report.findings,
              Contains(finding(Severity::kError, "field 'p'",
                               "4 files are missing: 'b.jpg', 't.tar#x.jpg', 'c.jpg', …")));
  EXPECT_EQ(report.count(Severity::kError), 1);
}

TEST_F(Check, CountsNamesThatNoFileCanHaveAsMissing) {
  files_.write("a.jpg", "pixels");
  const std::string name(300, 'x');
  const CheckReport report =
      check("{\"p\": \"" + name + "\", \"who\": 1}\n{\"p\": \"" + name + "#1\"}\n",
            "{\"p\": \"a.jpg/b\"}\n");
  EXPECT_THAT(report.findings,
              Contains(finding(Severity::kError, "field 'p'", "3 files are missing")));
}

TEST_F(Check, CountsMissingModalitiesAndLabels) {
  const CheckReport report =
      check("{\"m\": [1], \"y\": 0}\n{\"m\": [2], \"y\": 1, \"who\": 1}\n{\"y\": 2}\n",
            "{\"m\": [1], \"y\": 0}\n{\"m\": [4]}\n");
  const auto missing = [&](const std::string& split, const std::string& field) {
    for (const MissingFact& fact : report.missing) {
      if (fact.split == split && fact.field == field) return std::pair(fact.missing, fact.rows);
    }
    return std::pair<int64_t, int64_t>(-1, -1);
  };
  EXPECT_EQ(missing("train", "m"), (std::pair<int64_t, int64_t>(1, 3)));
  EXPECT_EQ(missing("test", "m"), (std::pair<int64_t, int64_t>(0, 2)));
  EXPECT_EQ(missing("train", "p"), (std::pair<int64_t, int64_t>(3, 3)));
  EXPECT_EQ(missing("test", "y"), (std::pair<int64_t, int64_t>(1, 2)));
  EXPECT_EQ(report.classes[1].unlabelled, 1);
  EXPECT_THAT(report.findings,
              Contains(finding(Severity::kNote, "split 'train'", "1 of 3 records lack 'm'")));
  EXPECT_THAT(report.findings,
              Contains(finding(Severity::kNote, "split 'test'", "1 of 2 records have no 'y'")));
  EXPECT_THAT(report.findings, Contains(finding(Severity::kWarning, "split 'test'",
                                                "has one class of 'y' only: 'no'")));
}

TEST_F(Check, FindsClassesWithoutRecords) {
  const CheckReport report =
      check("{\"y\": 0, \"who\": 1}\n{\"y\": 2}\n", "{\"y\": 1}\n{\"y\": 2}\n");
  EXPECT_THAT(report.findings, Contains(finding(Severity::kWarning, "split 'train'",
                                                "has no record of 1 classes of 'y': 'yes'")));
}

TEST_F(Check, FindsConstantFeaturesOfTheTrainingSplit) {
  const CheckReport report =
      check("{\"m\": [1, 5, 0.5], \"who\": 1}\n{\"m\": [1, 6, 0.5]}\n", "{\"m\": [2, 6, 0.5]}\n");
  EXPECT_EQ(report.vectors[0].constant_features, 2);
  EXPECT_THAT(report.findings, Contains(finding(Severity::kWarning, "field 'm'",
                                                "2 of 3 features are constant: '0', '2'")));
}

TEST(CheckDataset, FindsCellsThatAreNotFinite) {
  const Files files;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  files.write("dataset.yaml", "fields: {m: vector}\nfile: r.jsonl\nfeatures: {m: f.txt}");
  files.write("f.txt", "x\ny\n");
  files.write_matrix("m.npy", 2, {1, 2, 3, inf, nan, nan});
  files.write("r.jsonl",
              "{\"id\": \"a\", \"m\": \"m.npy#0\"}\n{\"id\": \"b\", \"m\": \"m.npy#1\"}\n"
              "{\"id\": \"c\", \"m\": \"m.npy#2\"}\n");
  CheckReport report = check_dataset(*files.open());
  EXPECT_EQ(report.vectors[0].nan_cells, 2);
  EXPECT_EQ(report.vectors[0].infinite_cells, 1);
  EXPECT_EQ(report.vectors[0].constant_features, 0);
  EXPECT_THAT(report.findings,
              Contains(finding(Severity::kError, "field 'm'",
                               "2 cells are NaN and 1 infinite, the first: inf at record 'b', "
                               "feature 'y'")));
  files.write("f.txt", "x\n");
  report = check_dataset(*files.open());
  EXPECT_THAT(report.findings, Contains(about("names 1 features, but field 'm' has 2")));
}

TEST_F(Check, FindsGroupsInTwoSplits) {
  const CheckReport report = check(
      "{\"who\": \"a\"}\n{\"who\": \"b\"}\n{\"who\": \"b\"}\n{\"who\": \"c\"}\n",
      "{\"who\": \"b\"}\n{\"who\": \"b\"}\n{\"who\": \"c\"}\n{\"who\": \"d\"}\n{\"id\": \"x\"}\n");
  EXPECT_THAT(report.findings, Contains(finding(Severity::kWarning, "group 'who'",
                                                "2 groups stand in two splits or more: 'b', 'c'")));
}

TEST_F(Check, FindsIdenticalRecordsInTwoSplits) {
  const CheckReport report = check(
      "{\"id\": \"a\", \"m\": [1, 2], \"y\": 0, \"who\": 1}\n{\"id\": \"b\", \"m\": [1, 2]}\n"
      "{\"id\": \"c\", \"m\": [2, 1]}\n{\"id\": \"d\"}\n",
      "{\"id\": \"e\", \"m\": [1, 2], \"y\": 1, \"who\": 2}\n"
      "{\"id\": \"f\", \"m\": [1, 2], \"p\": \"x\"}\n{\"id\": \"g\"}\n");
  EXPECT_THAT(report.findings,
              Contains(finding(Severity::kWarning, "records",
                               "1 are identical to one of another split: 'a (train) = e (test)'")));
}

TEST(CheckDataset, ReportsSkippedRecordsAndSortsBySeverity) {
  const Files files;
  files.write("r.jsonl", "{\"v\": [1], \"p\": \"a.jpg\"}\n{broken\n{\"v\": [2]}\n");
  const auto dataset = Dataset::open(files / "r.jsonl", {.on_error = OnError::kSkip});
  const CheckReport report = check_dataset(*dataset);
  ASSERT_EQ(report.findings.size(), 3);
  EXPECT_THAT(report.findings[0], finding(Severity::kError, "field 'p'", "1 files are missing"));
  EXPECT_THAT(report.findings[1],
              finding(Severity::kWarning, "records", "1 are broken and skipped"));
  EXPECT_THAT(report.findings[2],
              finding(Severity::kNote, "split 'all'", "1 of 2 records lack 'p'"));
  EXPECT_EQ(report.count(Severity::kNote), 1);
}

TEST(CheckDataset, LooksAtEveryTableAndKindOfLabel) {
  const Files files;
  files.write("dataset.yaml", R"(
tables:
  m: {fields: {e: ref(kb), t: text}, file: m.jsonl}
  kb: {fields: {v: vector, w: vector}, file: kb.jsonl}
labels: {f: {kind: multilabel, names: [p, q]}, i: {kind: identity}, r: {kind: real}}
)");
  files.write("m.jsonl",
              "{\"e\": \"k\", \"t\": \"a\", \"f\": [0, 1], \"i\": 1, \"r\": 0.5}\n{\"f\": [0]}\n");
  files.write("kb.jsonl", "{\"id\": \"k\", \"v\": [1, 2]}\n{\"id\": \"l\", \"v\": [1, 3]}\n");
  const CheckReport report = check_dataset(*files.open());
  ASSERT_EQ(report.classes.size(), 1);
  EXPECT_THAT(report.classes[0].classes, ElementsAre(Pair("p", 2), Pair("q", 1)));
  ASSERT_EQ(report.vectors.size(), 2);
  EXPECT_EQ(report.vectors[0].table, "kb");
  EXPECT_EQ(report.vectors[0].constant_features, 1);
  EXPECT_THAT(report.findings,
              Contains(finding(Severity::kWarning, "field 'w'", "no record has it")));
  EXPECT_THAT(report.findings, Not(Contains(about("identical"))));
}

}  // namespace
}  // namespace relata::data
