#include "relata/data/infer.h"

#include "unit/data/support.h"

namespace relata::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Schema infer(const std::string& records) {
  const Files files;
  return infer_schema(files.write("r.jsonl", records));
}

std::string modality_of(const Schema& schema, std::string_view field) {
  const FieldSpec* spec = schema.tables.front().find(field);
  return spec == nullptr ? "none" : modality_text(*spec);
}

TEST(Infer, TellsFieldsByTheirValues) {
  const Schema schema = infer(
      R"({"id": "a", "t": "words", "p": "x.JPG", "ps": ["a.png"], "v": [1, 2.5], "w": "m.npy#3",)"
      R"( "y": 1, "b": true, "r": 0.5, "label": "cat", "n": null, "ts": ["a", "b"]})"
      "\n");
  EXPECT_EQ(modality_of(schema, "id"), "none");
  EXPECT_EQ(modality_of(schema, "n"), "none");
  EXPECT_EQ(modality_of(schema, "t"), "text");
  EXPECT_EQ(modality_of(schema, "p"), "image");
  EXPECT_EQ(modality_of(schema, "ps"), "[image]");
  EXPECT_EQ(modality_of(schema, "ts"), "[text]");
  EXPECT_EQ(modality_of(schema, "v"), "vector");
  EXPECT_EQ(modality_of(schema, "w"), "vector");
  EXPECT_EQ(modality_of(schema, "label"), "label");
  EXPECT_THAT(schema.labels.at("label").names, ElementsAre("cat"));
  EXPECT_THAT(schema.labels.at("y").names, ElementsAre("0", "1"));
  EXPECT_THAT(schema.labels.at("b").names, ElementsAre("0", "1"));
  EXPECT_EQ(schema.labels.at("r").kind, LabelKind::kReal);
}

TEST(Infer, LooksAtEveryRecord) {
  const Schema schema = infer(
      "{\"y\": 3, \"r\": 1, \"e\": [], \"p\": \"see a.png\", \"late\": null}\n"
      "{\"y\": 0, \"r\": 1.5, \"e\": [\"x\"], \"p\": \"no picture\", \"late\": \"text\"}\n"
      "{\"big\": 10000, \"neg\": -1, \"edge\": 9999}\n");
  EXPECT_THAT(schema.labels.at("y").names, ElementsAre("0", "1", "2", "3"));
  EXPECT_EQ(schema.labels.at("r").kind, LabelKind::kReal);
  EXPECT_EQ(modality_of(schema, "e"), "[text]");
  EXPECT_EQ(modality_of(schema, "p"), "text");
  EXPECT_EQ(modality_of(schema, "late"), "text");
  EXPECT_EQ(schema.labels.at("big").kind, LabelKind::kReal);  // no class numbers
  EXPECT_EQ(schema.labels.at("neg").kind, LabelKind::kReal);
  EXPECT_EQ(schema.labels.at("edge").kind, LabelKind::kClass);
}

TEST(Infer, TakesAGroupFieldForTheGroup) {
  EXPECT_EQ(infer("{\"group\": 1}\n").group, "group");
  EXPECT_EQ(infer("{\"group\": null}\n").group, "");
  EXPECT_EQ(modality_of(infer("{\"group\": 1}\n"), "group"), "none");
}

TEST(Infer, RefusesWhatCannotBeGuessed) {
  EXPECT_THAT([] { infer("{\"a\": {\"b\": 1}}\n"); },
              fails_with("r.jsonl:1: cannot guess the modality of field 'a'"));
  EXPECT_THAT([] { infer("{}\n{\"a\": []}\n"); },
              fails_with("r.jsonl:2: cannot guess the modality of field 'a' from []"));
  EXPECT_THAT([] { infer("{\"label\": 1}\n{\"label\": \"x\"}\n"); },
              fails_with("field 'label' holds both texts and numbers"));
}

TEST(Infer, LeavesBrokenLinesToTheReader) {
  const Files files;
  const auto path =
      files.write("r.jsonl", "{\"t\": \"a b\"}\n{broken\n{\"t\": \"c\", \"flag\": true}\n");
  EXPECT_THAT([&] { Dataset::open(path); }, fails_with("r.jsonl:2"));
  const auto dataset = Dataset::open(path, {.on_error = OnError::kSkip});
  EXPECT_EQ(dataset->all().size(), 2);
  EXPECT_EQ(dataset->all().class_label(1, "flag"), 1);
  EXPECT_THAT(dataset->skipped(), ElementsAre(HasSubstr("r.jsonl:2")));
}

TEST(Infer, GivesADatasetThatReads) {
  const Files files;
  const auto path = files.write("r.jsonl",
                                "{\"t\": \"a\", \"v\": [1], \"label\": \"dog\"}\n"
                                "{\"t\": \"b\", \"label\": \"cat\"}\n");
  const View all = Dataset::open(path)->split("all");
  EXPECT_EQ(all.class_label(0, "label"), 1);
  EXPECT_EQ(all.class_label(1, "label"), 0);
  EXPECT_FALSE(all.present(1, "v"));
}

}  // namespace
}  // namespace relata::data
