#include "relata/data/dataset.h"

#include <set>

#include "unit/data/support.h"

namespace relata::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Dataset, ReadsAFolderWithSplits) {
  const Files files;
  files.write("dataset.yaml", R"(
fields: {title: text, photo: image, m: vector}
splits: {train: train.jsonl, test: test.jsonl}
labels: {y: {names: [no, yes]}}
)");
  files.write(
      "train.jsonl",
      "{\"id\": \"a\", \"title\": \"one\", \"photo\": \"a.jpg\", \"m\": [1, 2.5], \"y\": 1}\n"
      "{\"id\": 7, \"title\": \"two\", \"photo\": null, \"y\": \"no\"}\n");
  files.write("test.jsonl", "{\"m\": [3, 4]}\n");
  files.write("a.jpg", "pixels");
  const auto dataset = files.open();

  EXPECT_THAT(dataset->splits(), ElementsAre("train", "test"));
  EXPECT_TRUE(dataset->has_split("test"));
  EXPECT_FALSE(dataset->has_split("val"));
  const View train = dataset->split("train");
  EXPECT_THAT(ids_of(train), ElementsAre("a", "7"));
  EXPECT_EQ(train.group(1), "7");
  EXPECT_THAT(train.texts(0, "title"), ElementsAre("one"));
  EXPECT_THAT(train.texts(1, "photo"), IsEmpty());
  EXPECT_TRUE(train.present(0, "photo"));
  EXPECT_FALSE(train.present(1, "photo"));
  EXPECT_FALSE(train.present(1, "m"));
  EXPECT_THAT(train.vector(0, "m"), ElementsAre(1, 2.5));
  EXPECT_THAT(train.vector(1, "m"), IsEmpty());
  EXPECT_EQ(train.width("m"), 2);
  EXPECT_EQ(train.class_label(0, "y"), 1);
  EXPECT_EQ(train.class_label(1, "y"), 0);
  EXPECT_EQ(train.bytes(0, "photo"), "pixels");
  EXPECT_EQ(train.bytes(0, "title"), "one");
  EXPECT_EQ(train.bytes(1, "photo"), "");

  const View test = dataset->split("test");
  EXPECT_THAT(ids_of(test), ElementsAre("2"));  // its row number
  EXPECT_EQ(test.class_label(0, "y"), -1);
  EXPECT_FALSE(test.present(0, "title"));
  EXPECT_THAT(test.vector(0, "m"), ElementsAre(3, 4));
  EXPECT_EQ(dataset->all().size(), 3);
}

TEST(Dataset, FixesTheWidthByTheFirstRecordThatHasTheField) {
  const Files files;
  files.write("dataset.yaml", "fields: {m: vector}\nfile: r.jsonl");
  files.write("r.jsonl", "{}\n{}\n{\"m\": [5, 6, 7]}\n{}\n{\"m\": [8, 9, 10]}\n");
  const View all = files.open()->all();
  EXPECT_EQ(all.width("m"), 3);
  EXPECT_THAT(all.vector(1, "m"), IsEmpty());
  EXPECT_THAT(all.vector(2, "m"), ElementsAre(5, 6, 7));
  EXPECT_THAT(all.vector(4, "m"), ElementsAre(8, 9, 10));
  files.write("r.jsonl", "{\"m\": [5, 6]}\n{\"m\": [8]}\n");
  EXPECT_THAT([&] { files.open(); },
              fails_with("r.jsonl:2: field 'm' has 1 values, but 2 in the records before"));
}

TEST(Dataset, SelectsRowsInTheOrderGiven) {
  const Files files;
  files.write("dataset.yaml", "fields: {t: text}\nfile: r.jsonl");
  files.write("r.jsonl", "{\"id\": \"a\"}\n{\"id\": \"b\"}\n{\"id\": \"c\"}\n");
  const View all = files.open()->all();
  const View some = all.select(std::vector<int64_t>{2, 0}).select(std::vector<int64_t>{1, 0, 1});
  EXPECT_THAT(ids_of(some), ElementsAre("a", "c", "a"));
  EXPECT_EQ(some.ref(1), (RowRef{0, 2}));
}

TEST(Dataset, FollowsReferencesBothWays) {
  const Files files;
  files.write("dataset.yaml", R"(
tables:
  mentions: {fields: {entity: ref(kb), others: [ref(mentions)]}, file: m.jsonl}
  kb: {fields: {name: text}, file: kb.jsonl}
)");
  files.write("m.jsonl",
              "{\"id\": \"m0\", \"entity\": \"q2\", \"others\": [\"m2\", \"m1\"]}\n"
              "{\"id\": \"m1\"}\n"
              "{\"id\": \"m2\", \"entity\": \"q2\", \"others\": []}\n");
  files.write("kb.jsonl", "{\"id\": \"q1\"}\n{\"id\": \"q2\", \"name\": \"two\"}\n");
  const View mentions = files.open()->all();
  EXPECT_THAT(mentions.follow(0, "entity"), ElementsAre(RowRef{1, 1}));
  EXPECT_THAT(mentions.follow(1, "entity"), IsEmpty());
  EXPECT_THAT(mentions.follow(0, "others"), ElementsAre(RowRef{0, 2}, RowRef{0, 1}));
  EXPECT_TRUE(mentions.present(2, "others"));  // an empty list is there
  const View kb = mentions.table("kb");
  EXPECT_EQ(kb.size(), 2);
  EXPECT_EQ(kb.table().name, "kb");
  EXPECT_THAT(kb.referrers(1, "mentions.entity"), ElementsAre(RowRef{0, 0}, RowRef{0, 2}));
  EXPECT_THAT(kb.referrers(0, "mentions.entity"), IsEmpty());
  EXPECT_THAT(mentions.referrers(1, "mentions.others"), ElementsAre(RowRef{0, 0}));

  EXPECT_THAT([&] { kb.referrers(0, "entity"); }, fails_with("write table.field"));
  EXPECT_THAT([&] { kb.referrers(0, "mentions.others"); },
              fails_with("is no reference to the table 'kb'"));
  EXPECT_THAT([&] { kb.follow(0, "name"); }, fails_with("field 'name' is text, not a reference"));
  EXPECT_THAT([&] { mentions.bytes(0, "entity"); }, fails_with("has no content of its own"));
  EXPECT_THAT([&] { mentions.table("k"); }, fails_with("has no table 'k'; it has: mentions, kb"));
}

TEST(Dataset, ReferencesMayBeWholeNumbersAsIdsMay) {
  const Files files;
  files.write("dataset.yaml",
              "tables: {m: {fields: {e: ref(kb), o: [ref(kb)]}, file: m.jsonl}, kb: {file: "
              "kb.jsonl}}");
  files.write("kb.jsonl", "{\"id\": 4}\n{\"id\": 5}\n");
  files.write("m.jsonl", "{\"e\": 5, \"o\": [4, \"5\"]}\n");
  const View all = files.open()->all();
  EXPECT_THAT(all.follow(0, "e"), ElementsAre(RowRef{1, 1}));
  EXPECT_THAT(all.follow(0, "o"), ElementsAre(RowRef{1, 0}, RowRef{1, 1}));
  files.write("m.jsonl", "{\"e\": 5.5}\n");
  EXPECT_THAT([&] { files.open(); }, fails_with("field 'e' must be a text or a whole number"));
  files.write("m.jsonl", "{\"o\": [true]}\n");
  EXPECT_THAT([&] { files.open(); }, fails_with("field 'o' must be a text or a whole number"));
}

TEST(Dataset, RefusesDanglingReferences) {
  const Files files;
  files.write("dataset.yaml",
              "tables: {m: {fields: {e: ref(kb)}, file: m.jsonl}, kb: {file: kb.jsonl}}");
  files.write("m.jsonl", "{\"id\": \"m0\", \"e\": \"q9\"}\n");
  files.write("kb.jsonl", "{\"id\": \"q1\"}\n");
  EXPECT_THAT([&] { files.open(); },
              fails_with("field 'e' of 'm0' names 'q9', which is not in the table 'kb'"));
}

TEST(Dataset, ReadsRowsOfMatrices) {
  const Files files;
  files.write("dataset.yaml", "fields: {m: vector}\nfile: r.jsonl\nfeatures: {m: names.txt}");
  files.write_matrix("m.npy", 2, {1, 2, 3, 4, 5, 6});
  files.write("names.txt", "first\r\nsecond\r\n");
  files.write("r.jsonl", "{\"m\": \"m.npy#2\"}\n{\"m\": \"m.npy#0\"}\n{\"m\": [7, 8]}\n");
  const View all = files.open()->all();
  EXPECT_THAT(all.vector(0, "m"), ElementsAre(5, 6));
  EXPECT_THAT(all.vector(1, "m"), ElementsAre(1, 2));
  EXPECT_THAT(all.vector(2, "m"), ElementsAre(7, 8));
  EXPECT_THAT(all.feature_names("m"), ElementsAre("first", "second"));
  files.write("names.txt", "first\n");
  EXPECT_THAT([&] { all.feature_names("m"); }, fails_with("names 1 features, but field 'm' has 2"));
}

TEST(Dataset, NumbersUnnamedFeatures) {
  const Files files;
  files.write("r.jsonl", "{\"m\": [1, 2]}\n");
  EXPECT_THAT(Dataset::open(files / "r.jsonl")->all().feature_names("m"), ElementsAre("0", "1"));
}

TEST(Dataset, RefusesBadRowsOfMatrices) {
  const Files files;
  files.write("dataset.yaml", "fields: {m: vector}\nfile: r.jsonl");
  files.write_matrix("m.npy", 2, {1, 2, 3, 4});
  const auto reading = [&](const std::string& value) {
    return [&files, value] {
      files.write("r.jsonl", "{\"m\": " + value + "}\n");
      files.open();
    };
  };
  EXPECT_THAT(reading("\"m.npy#2\""),
              fails_with("r.jsonl:1: field 'm' names row '2' of m.npy, which has rows 0 to 1"));
  EXPECT_THAT(reading("\"m.npy#-1\""), fails_with("names row '-1'"));
  EXPECT_THAT(reading("\"m.npy#1x\""), fails_with("names row '1x'"));
  EXPECT_THAT(reading("\"m.npy#\""), fails_with("names row ''"));
  EXPECT_THAT(reading("\"m.npy\""), fails_with("must be matrix.npy#row, but is 'm.npy'"));
  EXPECT_THAT(reading("\"n.npy#0\""), fails_with("n.npy: cannot open"));
  EXPECT_THAT(reading("[]"), fails_with("must be a list of numbers"));
  EXPECT_THAT(reading("[1, null]"), fails_with("must hold numbers, but holds null"));
  EXPECT_THAT(reading("3"), fails_with("must be a list of numbers"));
}

TEST(Dataset, RefusesRecordsThatDoNotFit) {
  const Files files;
  files.write("dataset.yaml", "fields: {t: text, ps: [image]}\nfile: r.jsonl");
  const auto reading = [&](const std::string& records) {
    return [&files, records] {
      files.write("r.jsonl", records);
      files.open();
    };
  };
  EXPECT_THAT(reading("{\"id\": 1}\n{\"id\": \"1\"}\n"),
              fails_with("r.jsonl:2: the id '1' is given twice"));
  EXPECT_THAT(reading("{\"u\": 1}\n"), fails_with("r.jsonl:1: field 'u' is not declared"));
  EXPECT_THAT(reading("{\"t\": 1}\n"), fails_with("field 't' must be a text, but is 1"));
  EXPECT_THAT(reading("{\"ps\": \"a\"}\n"), fails_with("must be a list, but is \"a\""));
  EXPECT_THAT(reading("{\"ps\": [1]}\n"), fails_with("must be a list of texts, but holds 1"));
  EXPECT_THAT(reading("{\"id\": 1.5}\n"), fails_with("must be a text or a whole number"));
  EXPECT_THAT(reading("[]\n"), fails_with("r.jsonl:1: the line is"));
  EXPECT_THAT(reading("\n"), fails_with("r.jsonl: has no records"));
  EXPECT_THAT([&] { files.open()->split("train"); }, fails_with("has no records"));
}

TEST(Dataset, RefusesWhatIsNoDataset) {
  const Files files;
  EXPECT_THAT([&] { files.open(); }, fails_with("holds no dataset.yaml"));
  EXPECT_THAT([&] { Dataset::open(files / "none"); }, fails_with("no such folder or file"));
  files.write("a.csv", "1,2\n");
  EXPECT_THAT([&] { Dataset::open(files / "a.csv"); }, fails_with("relata import data csv"));
  files.write("r.jsonl", "{\"t\": \"a b\"}\n");
  EXPECT_THAT([&] { Dataset::open(files / "r.jsonl")->split("test"); },
              fails_with("has no split 'test'; it has: all"));
}

TEST(Dataset, SkipsBrokenRecordsUpToALimit) {
  const Files files;
  files.write("dataset.yaml", "fields: {a: text, m: vector, z: text}\nfile: r.jsonl");
  files.write("r.jsonl",
              "{\"id\": \"bad\", \"m\": [1, 2, 3], \"z\": 5}\n"  // fixes a width, then fails
              "{\"id\": \"k1\", \"a\": \"x\", \"m\": [1, 2]}\n"
              "{\"id\": \"torn\", \n"
              "{\"id\": \"k1\"}\n"
              "{\"id\": \"bad\", \"a\": \"y\", \"m\": [3, 4], \"z\": \"w\"}\n"
              "{\"id\": \"k2\", \"m\": [9]}\n");
  EXPECT_THAT([&] { files.open(); }, fails_with("r.jsonl:1: field 'z' must be a text"));
  const auto dataset = files.open({.on_error = OnError::kSkip, .skip_limit = 4});
  const View all = dataset->all();
  EXPECT_THAT(ids_of(all), ElementsAre("k1", "bad"));
  EXPECT_THAT(all.vector(0, "m"), ElementsAre(1, 2));
  EXPECT_THAT(all.vector(1, "m"), ElementsAre(3, 4));
  EXPECT_THAT(all.texts(0, "a"), ElementsAre("x"));
  EXPECT_FALSE(all.present(0, "z"));
  EXPECT_THAT(all.texts(1, "z"), ElementsAre("w"));
  EXPECT_EQ(dataset->split("all").size(), 2);
  EXPECT_THAT(dataset->skipped(), ElementsAre(HasSubstr("r.jsonl:1"), HasSubstr("r.jsonl:3"),
                                              HasSubstr("r.jsonl:4"), HasSubstr("r.jsonl:6")));
  EXPECT_THAT([&] { files.open({.on_error = OnError::kSkip, .skip_limit = 3}); },
              fails_with("more than 3 broken records; the last: "));
}

TEST(Dataset, ReadsGroups) {
  const Files files;
  files.write("dataset.yaml", "fields: {t: text}\nfile: r.jsonl\ngroup: patient");
  files.write("r.jsonl", "{\"id\": \"a\", \"patient\": 3}\n{\"id\": \"b\", \"patient\": null}\n");
  const View all = files.open()->all();
  EXPECT_EQ(all.group(0), "3");
  EXPECT_EQ(all.group(1), "b");
  files.write("r.jsonl", "{\"id\": \"a\"}\n");
  EXPECT_THAT([&] { files.open(); }, fails_with("no record has the group field 'patient'"));
  files.write("dataset.yaml", "fields: {patient: vector}\nfile: r.jsonl\ngroup: patient");
  EXPECT_THAT([&] { files.open(); }, fails_with("must hold one text or number"));
}

TEST(Dataset, CutsATableWithoutSplits) {
  const Files files;
  std::string records;
  for (int i = 0; i < 20; ++i)
    records += "{\"t\": \"x\", \"group\": " + std::to_string(i / 2) + "}\n";
  const auto path = files.write("r.jsonl", records);
  const auto dataset = Dataset::open(path, {.fractions = {80, 10, 10}, .seed = 3});
  EXPECT_THAT(dataset->splits(), ElementsAre("train", "val", "test"));
  EXPECT_EQ(dataset->split("train").size(), 16);
  EXPECT_EQ(dataset->split("val").size(), 2);
  const View test = dataset->split("test");
  EXPECT_EQ(test.group(0), test.group(1));
  EXPECT_THAT(Dataset::open(path, {.fractions = {1, 1}})->splits(), ElementsAre("train", "test"));
  EXPECT_THAT([&] { Dataset::open(path, {.fractions = {1, 1, 1, 1}}); },
              fails_with("a split has 4 parts"));
  files.write("dataset.yaml", "fields: {t: text}\nsplits: {a: r.jsonl, b: s.jsonl}\ngroup: group");
  files.write("s.jsonl", "{\"id\": \"s\"}\n");
  EXPECT_THAT([&] { files.open({.fractions = {1, 1}}); }, fails_with("already has splits"));
}

TEST(Dataset, CutsTheLabelledRowsOfAnImportAlone) {
  const Files files;
  files.write("dataset.yaml",
              "fields: {t: text}\nsplits: {unlabelled: u.jsonl, all: a.jsonl}\ngroup: group");
  files.write("u.jsonl", "{\"id\": \"u0\", \"group\": 0}\n{\"id\": \"u1\", \"group\": 9}\n");
  std::string records;
  for (int i = 0; i < 20; ++i) {
    records +=
        "{\"id\": \"a" + std::to_string(i) + "\", \"group\": " + std::to_string(i / 2) + "}\n";
  }
  files.write("a.jsonl", records);
  const auto dataset = files.open({.fractions = {1, 1}, .seed = 3});
  EXPECT_THAT(dataset->splits(), ElementsAre("train", "test", "unlabelled"));
  EXPECT_THAT(ids_of(dataset->split("unlabelled")), ElementsAre("u0", "u1"));
  std::set<std::string> ids;
  for (const std::string split : {"train", "test"}) {
    EXPECT_EQ(dataset->split(split).size(), 10) << split;
    for (const std::string& id : ids_of(dataset->split(split))) {
      EXPECT_EQ(id[0], 'a');
      ids.insert(id);
    }
  }
  EXPECT_EQ(ids.size(), 20);
}

}  // namespace
}  // namespace relata::data
