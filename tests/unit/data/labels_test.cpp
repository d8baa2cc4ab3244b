#include <cmath>

#include "relata/data/dataset.h"
#include "unit/data/support.h"

namespace relata::data {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Labels : public testing::Test {
 protected:
  void SetUp() override {
    files_.write("dataset.yaml", R"(
file: r.jsonl
labels:
  c: {names: [x, y]}
  o: {kind: ordinal, names: [low, mid, high], unknown: 9}
  m: {kind: multilabel, names: [p, q, r]}
  i: {kind: identity}
  r: {kind: real, unknown: -1}
)");
  }

  View read(const std::string& records) {
    files_.write("r.jsonl", records);
    return files_.open()->all();
  }

  auto reading(const std::string& record) {
    return [this, record] { read(record + "\n"); };
  }

  Files files_;
};

TEST_F(Labels, AreReadByKind) {
  const View all = read(
      "{\"c\": \"y\", \"o\": 2, \"m\": [\"r\", 0], \"i\": 17, \"r\": 2.5}\n"
      "{\"c\": true, \"o\": 9, \"m\": [], \"i\": \"p\", \"r\": -1}\n"
      "{}\n");
  EXPECT_EQ(all.class_label(0, "c"), 1);
  EXPECT_EQ(all.class_label(1, "c"), 1);
  EXPECT_EQ(all.class_label(2, "c"), -1);
  EXPECT_EQ(all.class_label(0, "o"), 2);
  EXPECT_EQ(all.class_label(1, "o"), -1);
  EXPECT_FALSE(all.present(1, "o"));  // its value means unknown
  EXPECT_THAT(all.class_labels(0, "m"), ElementsAre(2, 0));
  EXPECT_THAT(all.class_labels(1, "m"), IsEmpty());
  EXPECT_TRUE(all.present(1, "m"));
  EXPECT_FALSE(all.present(2, "m"));
  EXPECT_THAT(all.class_labels(0, "c"), ElementsAre(1));
  EXPECT_THAT(all.texts(0, "i"), ElementsAre("17"));
  EXPECT_THAT(all.texts(1, "i"), ElementsAre("p"));
  EXPECT_EQ(all.real_label(0, "r"), 2.5);
  EXPECT_TRUE(std::isnan(all.real_label(1, "r")));
  EXPECT_TRUE(std::isnan(all.real_label(2, "r")));
}

TEST_F(Labels, OutOfRangeAreRefused) {
  EXPECT_THAT(reading("{\"c\": 2}"),
              fails_with("r.jsonl:1: field 'c' is class 2, but there are classes 0 to 1"));
  EXPECT_THAT(reading("{\"c\": -1}"), fails_with("is class -1"));
  EXPECT_THAT(reading("{\"o\": 3}"), fails_with("there are classes 0 to 2"));
  EXPECT_THAT(reading("{\"c\": \"z\"}"), fails_with("none of the classes x, y"));
  EXPECT_THAT(reading("{\"m\": [3]}"), fails_with("is class 3"));
  EXPECT_THAT(reading("{\"m\": 1}"), fails_with("must be a list of classes, but is 1"));
  EXPECT_THAT(reading("{\"c\": 0.5}"), fails_with("must be a class name or number, but is 0.5"));
  EXPECT_THAT(reading("{\"r\": \"a\"}"), fails_with("must be a number, but is \"a\""));
  EXPECT_THAT(reading("{\"i\": 0.5}"), fails_with("must be a text or a whole number"));
}

TEST_F(Labels, AnswerToTheirOwnKindOnly) {
  const View all = read("{}\n");
  EXPECT_THAT([&] { all.class_label(0, "m"); }, fails_with("label 'm' is multilabel, not class"));
  EXPECT_THAT([&] { all.class_label(0, "r"); }, fails_with("label 'r' is real"));
  EXPECT_THAT([&] { all.class_labels(0, "i"); }, fails_with("label 'i' is identity"));
  EXPECT_THAT([&] { all.real_label(0, "c"); }, fails_with("label 'c' is class, not real"));
  EXPECT_THAT([&] { all.class_label(0, "cc"); },
              fails_with("has no field 'cc'; did you mean 'c'?"));
  EXPECT_THAT([&] { all.vector(0, "c"); }, fails_with("field 'c' is label, not a vector"));
  EXPECT_THAT([&] { all.texts(0, "r"); }, fails_with("field 'r' is label, not text"));
  EXPECT_THAT([&] { all.bytes(0, "i"); }, fails_with("has no content of its own"));
}

}  // namespace
}  // namespace relata::data
