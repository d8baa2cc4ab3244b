#include "relata/base/config.h"

#include <gmock/gmock.h>

#include "relata/base/error.h"

namespace relata {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StrEq;
using testing::ThrowsMessage;

enum class Side { kMixed, kClean };

struct Contrast {
  double weight = 0.1;
  Side side = Side::kMixed;
};
void describe(Fields& fields, Contrast& c) {
  fields.value("weight", c.weight, "factor", {.low = 0});
  fields.choice("side", c.side, {{"mixed", Side::kMixed}, {"clean", Side::kClean}}, "fixed side");
}

struct Recipe {
  int64_t epochs = 500;
  bool shuffle = true;
  std::string name = "none";
  std::vector<std::string> roles;
  std::map<std::string, std::string> bind;
  Contrast contrast;
};
void describe(Fields& fields, Recipe& r) {
  fields.value("epochs", r.epochs, "passes over the data", {.low = 1, .high = 1000});
  fields.value("shuffle", r.shuffle, "shuffle rows");
  fields.value("name", r.name, "a name");
  fields.value("roles", r.roles, "roles in order");
  fields.value("bind", r.bind, "role: field");
  fields.group("contrast", r.contrast);
}

std::pair<Recipe, std::vector<ResolvedKey>> read(const std::string& yaml,
                                                 const std::vector<std::string>& overrides = {}) {
  ConfigTree tree = ConfigTree::parse(yaml, "r.yaml");
  for (const std::string& assignment : overrides) tree.set(assignment, "command line");
  Recipe recipe;
  Fields fields(tree);
  describe(fields, recipe);
  fields.finish();
  return {recipe, fields.resolved()};
}

auto message_of(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
  return [=] { read(yaml, overrides); };
}

TEST(Config, ReadsEveryKindOfValue) {
  const auto [r, keys] = read(
      "epochs: 20\nshuffle: false\nname: a b\nroles: [m1, m2]\n"
      "bind: {image: photo}\ncontrast: {weight: 2, side: clean}\n");
  EXPECT_EQ(r.epochs, 20);
  EXPECT_FALSE(r.shuffle);
  EXPECT_EQ(r.name, "a b");
  EXPECT_THAT(r.roles, ElementsAre("m1", "m2"));
  EXPECT_EQ(r.bind.at("image"), "photo");
  EXPECT_EQ(r.contrast.weight, 2);
  EXPECT_EQ(r.contrast.side, Side::kClean);
}

TEST(Config, AnOverrideBeatsTheRecipeAndEachValueKnowsItsOrigin) {
  const auto [r, keys] =
      read("epochs: 20\ncontrast:\n  weight: 2\n", {"contrast.weight=0.5", "roles=[x]"});
  EXPECT_EQ(r.contrast.weight, 0.5);
  std::map<std::string, std::string> origin;
  for (const auto& key : keys) origin[key.path] = key.origin;
  EXPECT_EQ(origin.at("epochs"), "r.yaml:1");
  EXPECT_EQ(origin.at("contrast.weight"), "command line");
  EXPECT_EQ(origin.at("contrast.side"), "default");
}

TEST(Config, WhatItPrintsReadsBackToTheSame) {
  const auto [r, keys] = read(
      "name: 'yes: no # x'\nroles: ['IL-6, serum', b, '[c]', '', 'd: e', \"f\\ng\"]\n"
      "bind: {'a b': c, 'x, y': '{z}', 'q: r': \"it's\"}\n",
      {"contrast.weight=1e-4"});
  EXPECT_THAT(r.roles, ElementsAre("IL-6, serum", "b", "[c]", "", "d: e", "f\ng"));
  const auto [again, keys_again] = read(to_yaml(keys));
  EXPECT_EQ(again.roles, r.roles);
  EXPECT_EQ(again.name, "yes: no # x");
  EXPECT_EQ(again.bind, r.bind);
  EXPECT_EQ(again.contrast.weight, 1e-4);
}

TEST(Config, PlainItemsAreNotQuoted) {
  const auto [r, keys] = read("roles: [m1, 'DNA methylation']\nbind: {m1: mrna}\n");
  EXPECT_THAT(to_yaml(keys), HasSubstr("roles: [m1, DNA methylation]  #"));
  EXPECT_THAT(to_yaml(keys), HasSubstr("bind: {m1: mrna}  #"));
}

TEST(Config, AnOverrideOfAGroupReplacesItsKeysAndTheirOrigins) {
  const auto [r, keys] = read("contrast:\n  weight: 2\n  side: clean\n", {"contrast={weight: 3}"});
  EXPECT_EQ(r.contrast.weight, 3);
  EXPECT_EQ(r.contrast.side, Side::kMixed);
  std::map<std::string, std::string> origin;
  for (const auto& key : keys) origin[key.path] = key.origin;
  EXPECT_EQ(origin.at("contrast.weight"), "command line");
  EXPECT_EQ(origin.at("contrast.side"), "default");
  EXPECT_THAT(message_of("", {"contrast={wieght: 3}"}),
              ThrowsMessage<Error>(HasSubstr("command line: unknown key 'contrast.wieght'")));
  EXPECT_THAT(
      message_of("", {"contrast={weight: 3, weight: 4}"}),
      ThrowsMessage<Error>(HasSubstr("command line:1: the key 'contrast.weight' is given twice")));
}

TEST(Config, OriginsSurviveWritingAndReading) {
  const auto [r, keys] = read("epochs: 20\n", {"contrast.weight=2"});
  const auto [again, keys_again] = read(to_yaml(keys));
  for (size_t i = 0; i < keys.size(); ++i)
    EXPECT_EQ(keys_again[i].origin, keys[i].origin) << keys[i].path;
}

TEST(Config, RefusesUnknownKeysAndNamesTheNearest) {
  EXPECT_THAT(message_of("epoch: 3"),
              ThrowsMessage<Error>(StrEq("r.yaml:1: unknown key 'epoch'; did you mean 'epochs'?")));
  EXPECT_THAT(message_of("contrast:\n  wieght: 3"),
              ThrowsMessage<Error>(HasSubstr("'contrast.weight'")));
  EXPECT_THAT(message_of("", {"contrast.sid=clean"}),
              ThrowsMessage<Error>(HasSubstr("command line")));
}

TEST(Config, ChecksTypesAndRanges) {
  EXPECT_THAT(message_of("epochs: many"),
              ThrowsMessage<Error>(
                  HasSubstr("'epochs' must be a whole number from 1 to 1000, but is 'many'")));
  EXPECT_THAT(message_of("epochs: 0"), ThrowsMessage<Error>(HasSubstr("from 1 to 1000")));
  EXPECT_THAT(message_of("epochs: 2.5"), ThrowsMessage<Error>(HasSubstr("whole number")));
  EXPECT_THAT(message_of("shuffle: 1"), ThrowsMessage<Error>(HasSubstr("true or false")));
  EXPECT_THAT(message_of("contrast: {weight: -1}"), ThrowsMessage<Error>(HasSubstr("at least 0")));
  EXPECT_THAT(message_of("contrast: {weight: .nan}"), ThrowsMessage<Error>(HasSubstr("a number")));
  EXPECT_THAT(message_of("contrast: {side: both}"),
              ThrowsMessage<Error>(HasSubstr("one of mixed, clean")));
  EXPECT_THAT(message_of("contrast: 3"), ThrowsMessage<Error>(HasSubstr("a group of keys")));
  EXPECT_THAT(message_of("roles: m1"), ThrowsMessage<Error>(HasSubstr("a list")));
}

TEST(Config, ReadsSixtyFourLevels) {
  std::string nested = "1";
  for (int level = 0; level < 64; ++level) nested.insert(0, "{a: ").append("}");
  EXPECT_NO_THROW(ConfigTree::parse(nested, "r.yaml"));
  EXPECT_THAT([&] { ConfigTree::parse("{a: " + nested + "}", "r.yaml"); },
              ThrowsMessage<Error>(HasSubstr("deeper than 64 levels")));
}

TEST(Config, RefusesBrokenDocuments) {
  EXPECT_THAT(message_of("epochs: 3\nepochs: 4"),
              ThrowsMessage<Error>(HasSubstr("r.yaml:2: the key 'epochs' is given twice")));
  EXPECT_THAT(message_of("epochs: 3\na: &x {b: *x}"),
              ThrowsMessage<Error>(HasSubstr("r.yaml:2: is nested deeper than 64 levels")));
  EXPECT_THAT(message_of("", {"contrast=&x {b: *x}"}),
              ThrowsMessage<Error>(HasSubstr("command line:1: is nested deeper than 64 levels")));
  EXPECT_THAT(message_of("a: [1,"), ThrowsMessage<Error>(HasSubstr("not valid YAML")));
  EXPECT_THAT(message_of("- 1"), ThrowsMessage<Error>(HasSubstr("mapping")));
  EXPECT_THAT(message_of("", {"epochs"}), ThrowsMessage<Error>(HasSubstr("key=value")));
  EXPECT_THAT(message_of("epochs: 3", {"epochs.x=1"}),
              ThrowsMessage<Error>(HasSubstr("not a group")));
}

}  // namespace
}  // namespace relata
