#include "relata/search/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "relata/base/error.h"
#include "support/error_message.h"
#include "support/scratch.h"

namespace relata::search {
namespace {

using index::ColumnKind;
using index::Value;
using ::testing::HasSubstr;

class Metadata : public ::testing::Test {
 protected:
  Metadata() {
    scratch_.write(
        "dataset.yaml",
        "fields: {title: text, tags: [text], numbers: vector, photo: image, next: ref(rows)}\n"
        "splits: {all: all.jsonl}\n"
        "labels:\n"
        "  year: {kind: real}\n"
        "  score: {kind: real}\n"
        "  size: {kind: class, names: ['10', '20']}\n"
        "  shape: {kind: class, names: [round, long]}\n"
        "  found: {kind: multilabel, names: [x, y]}\n"
        "  person: {kind: identity}\n"
        "group: patient\n");
    scratch_.write(
        "all.jsonl",
        R"({"id":"a","title":"One","tags":["t","u"],"numbers":[1,2],"photo":"a.png","next":"b","year":2001,"score":0.5,"size":"20","shape":"long","found":["x","y"],"person":17,"patient":"p1"})"
        "\n"
        R"({"id":"b","patient":"p2"})"
        "\n"
        R"({"id":"c","title":"7","year":2003,"score":2,"person":"q","patient":"p1"})"
        "\n");
    view_ = data::Dataset::open(scratch_.path())->all();
  }

  std::pair<ColumnKind, std::vector<Value>> read(const std::string& wanted) const {
    const index::Column column = column_for(wanted, view_);
    std::vector<Value> values;
    for (int64_t i = 0; i < view_.size(); ++i) values.push_back(value_of(column, view_, i));
    return {column.kind, values};
  }

  void expect(const std::string& wanted, ColumnKind kind, const std::vector<Value>& values) const {
    const auto [found, given] = read(wanted);
    EXPECT_EQ(found, kind) << wanted;
    EXPECT_EQ(given, values) << wanted;
  }

  test::Scratch scratch_;
  data::View view_;
};

using Texts = std::vector<std::string>;

TEST_F(Metadata, KindsFollowFromFieldsAndValues) {
  const Value none;
  const std::string title = "One";
  expect("title", ColumnKind::kString, {title, none, std::string("7")});
  expect("tags", ColumnKind::kStrings, {Texts{"t", "u"}, none, none});
  expect("photo", ColumnKind::kString, {std::string("a.png"), none, none});
  expect("next", ColumnKind::kString, {std::string("b"), none, none});
  expect("year", ColumnKind::kInteger, {int64_t{2001}, none, int64_t{2003}});
  expect("score", ColumnKind::kReal, {0.5, none, 2.0});
  expect("size", ColumnKind::kInteger, {int64_t{20}, none, none});
  expect("shape", ColumnKind::kString, {std::string("long"), none, none});
  expect("found", ColumnKind::kStrings, {Texts{"x", "y"}, none, none});
  expect("person", ColumnKind::kString, {std::string("17"), none, std::string("q")});
  expect("patient", ColumnKind::kString, {std::string("p1"), std::string("p2"), std::string("p1")});
}

TEST_F(Metadata, AKindCanBeAskedFor) {
  const Value none;
  expect("year:real", ColumnKind::kReal, {2001.0, none, 2003.0});
  expect("size:string", ColumnKind::kString, {std::string("20"), none, none});
  expect("shape:strings", ColumnKind::kStrings, {Texts{"long"}, none, none});
  expect("score:string", ColumnKind::kString, {std::string("0.5"), none, std::string("2")});
}

TEST_F(Metadata, WhatDoesNotFitIsNamed) {
  EXPECT_THAT(test::error_message([&] { read("title:integer"); }),
              AllOf(HasSubstr("record \"a\""), HasSubstr("\"One\"")));
  EXPECT_THAT(test::error_message([&] { read("score:integer"); }), HasSubstr("record \"a\""));
  EXPECT_THAT(test::error_message([&] { read("tags:real"); }), HasSubstr("record \"a\""));
  EXPECT_THAT(test::error_message([&] { read("yaer"); }), HasSubstr("did you mean 'year'?"));
  EXPECT_THAT(test::error_message([&] { read("title:date"); }),
              HasSubstr("no field \"title:date\""));
  EXPECT_THAT(test::error_message([&] { read("numbers"); }), HasSubstr("is a vector"));
}

}  // namespace
}  // namespace relata::search
