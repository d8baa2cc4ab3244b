#include "relata/index/index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/index/index_schema.h"
#include "support/error_message.h"
#include "support/scratch.h"

namespace relata::index {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const IndexSchema kSchema{.width = 3,
                          .bf16 = true,
                          .columns = {{.name = "subject", .kind = ColumnKind::kString},
                                      {.name = "year", .kind = ColumnKind::kInteger}},
                          .facts = {{"weights", "abc"}}};

/// a: x axis, b: y axis, c: between, d: against x.
struct Four {
  std::vector<std::string> ids{"a", "b", "c", "d"};
  std::vector<float> vectors{5, 0, 0, 0, 2, 0, 1, 1, 0, -3, 0, 0};
  std::vector<std::string> texts{"red cell", "blue cell", "", "red star"};
  std::vector<std::string> contents{"h1", "h2", "h3", "h4"};
  std::vector<std::vector<Value>> columns{
      {std::string("biology"), std::string("biology"), std::monostate(), std::string("physics")},
      {int64_t{2001}, std::monostate(), int64_t{2003}, int64_t{2004}}};

  IndexItems items() const {
    return {
        .ids = ids, .vectors = vectors, .texts = texts, .columns = columns, .contents = contents};
  }
};

fs::path built(const test::Scratch& scratch) {
  const fs::path folder = scratch / "index";
  IndexWriter writer(folder, kSchema);
  writer.stage(Four().items());
  writer.commit();
  return folder;
}

std::vector<std::string> ids_of(const Index& index, const std::vector<Match>& matches) {
  std::vector<std::string> ids;
  for (const Match& match : matches) ids.emplace_back(index.id(match.item));
  return ids;
}

const std::vector<float> kAlongX{10, 1, 0};

TEST(Index, GivesWhatWasAdded) {
  const test::Scratch scratch;
  const Index index(built(scratch));
  EXPECT_EQ(index.schema(), kSchema);
  EXPECT_EQ(index.size(), 4);
  EXPECT_EQ(index.fact("weights"), "abc");
  EXPECT_EQ(index.id(2), "c");
  EXPECT_EQ(index.find("d"), 3);
  EXPECT_FALSE(index.find("e"));
  EXPECT_THAT(index.vector(0), ElementsAre(1, 0, 0));
  EXPECT_THAT(index.vector(2), ElementsAre(std::sqrt(0.5F), std::sqrt(0.5F), 0));
  EXPECT_EQ(index.text(1), "blue cell");
  EXPECT_EQ(index.content(3), "h4");
  EXPECT_EQ(index.value(0, 0), Value(std::string("biology")));
  EXPECT_EQ(index.value(1, 1), Value());
  EXPECT_EQ(index.value(3, 1), Value(int64_t{2004}));
  EXPECT_EQ(index.column("year"), 1U);
  EXPECT_THAT(test::error_message([&] { index.column("yaer"); }),
              HasSubstr("columns: subject, year"));
  EXPECT_THAT(test::error_message([&] { index.fact("model"); }), HasSubstr("'model'"));
  index.verify();
}

TEST(Index, FindsByCosine) {
  const test::Scratch scratch;
  const Index index(built(scratch));
  for (const ScanPrecision precision : {ScanPrecision::kFp32, ScanPrecision::kBf16}) {
    const auto found = index.search(kAlongX, {.k = 3, .precision = precision});
    EXPECT_THAT(ids_of(index, found[0]), ElementsAre("a", "c", "b"));
    EXPECT_NEAR(found[0][0].score, 10 / std::sqrt(101), 1e-6);
    EXPECT_NEAR(found[0][1].score, 11 / std::sqrt(202), 1e-6);
  }
  EXPECT_EQ(index.search(kAlongX, {.k = 99})[0].size(), 4U);
  EXPECT_THAT(ids_of(index, index.search(kAlongX, {.k = 2, .but = 0})[0]), ElementsAre("c", "b"));
}

TEST(Index, FiltersByMetadata) {
  const test::Scratch scratch;
  const Index index(built(scratch));
  const Filter filter("subject = null or year > 2003", index.schema().columns);
  EXPECT_EQ(index.count(filter), 2);
  EXPECT_THAT(ids_of(index, index.search(kAlongX, {.k = 9, .filter = &filter})[0]),
              ElementsAre("c", "d"));
}

TEST(Index, AddsLexicalScores) {
  const test::Scratch scratch;
  const Index index(built(scratch));
  const std::vector<std::string> words{"red star"};
  for (const LexicalKind kind : {LexicalKind::kBm25, LexicalKind::kTrigrams}) {
    const auto found =
        index.search(kAlongX, {.k = 4, .lexical = {.weight = 0.8, .kind = kind, .texts = words}});
    const Lexical lexical(kind, 4, [&](int64_t i) { return index.text(i); });
    const auto scores = lexical.scores("red star", QueryTerms::kCounted);
    EXPECT_THAT(ids_of(index, found[0]), ElementsAre("d", "a", "c", "b"));
    EXPECT_NEAR(found[0][0].score, 0.8 - 0.2 * 10 / std::sqrt(101), 1e-6);
    EXPECT_NEAR(found[0][1].score, 0.8 * scores[0] + 0.2 * 10 / std::sqrt(101), 1e-6);
  }
  EXPECT_THAT(test::error_message([&] { index.search(kAlongX, {.lexical = {.weight = 0.5}}); }),
              HasSubstr("0 texts for 1 queries"));
  EXPECT_THAT(test::error_message(
                  [&] { index.search(kAlongX, {.lexical = {.weight = 1.5, .texts = words}}); }),
              HasSubstr("between 0 and 1"));
}

TEST(Index, RemovedAndReplacedItemsAreGone) {
  const test::Scratch scratch;
  const fs::path folder = built(scratch);
  const Index before(folder);
  {
    IndexWriter writer(folder);
    EXPECT_EQ(writer.schema(), kSchema);
    writer.stage_removal(std::vector<std::string>{"a", "b"});
    const std::vector<std::string> ids{"b", "e"};
    const std::vector<float> vectors{1, 0, 0.1F, 0, 0, 1};
    const std::vector<std::string> texts{"green", "red"};
    writer.stage({.ids = ids, .vectors = vectors, .texts = texts});
    EXPECT_EQ(Index(folder).size(), 4);  // nothing is seen yet
    writer.commit();
  }
  const Index index(folder);
  EXPECT_EQ(index.size(), 4);
  EXPECT_FALSE(index.find("a"));
  EXPECT_EQ(index.text(*index.find("b")), "green");
  EXPECT_EQ(index.value(*index.find("b"), 0), Value());
  for (const ScanPrecision precision : {ScanPrecision::kFp32, ScanPrecision::kBf16})
    EXPECT_THAT(ids_of(index, index.search(kAlongX, {.k = 9, .precision = precision})[0]),
                ElementsAre("b", "c", "e", "d"));
  // Lexical statistics are of the items that are there.
  const std::vector<std::string> words{"red"};
  const auto found = index.search(kAlongX, {.k = 2, .lexical = {.weight = 1, .texts = words}});
  EXPECT_THAT(ids_of(index, found[0]), ElementsAre("e", "d"));  // the shorter text first
  // A reader keeps what it opened.
  EXPECT_THAT(ids_of(before, before.search(kAlongX, {.k = 1})[0]), ElementsAre("a"));
  const Filter filter("year >= 2003", index.schema().columns);
  EXPECT_THAT(ids_of(index, index.search(kAlongX, {.k = 9, .filter = &filter})[0]),
              ElementsAre("c", "d"));
}

TEST(Index, WhatWasNotCommittedIsDropped) {
  const test::Scratch scratch;
  const fs::path folder = built(scratch);
  {
    IndexWriter writer(folder);
    const std::vector<std::string> ids{"e"};
    const std::vector<float> vectors{0, 0, 1};
    writer.stage({.ids = ids, .vectors = vectors});
    EXPECT_TRUE(fs::exists(folder / "shard-000001.safetensors"));
  }
  EXPECT_FALSE(fs::exists(folder / "shard-000001.safetensors"));
  EXPECT_EQ(Index(folder).size(), 4);
}

TEST(Index, ItemsThatDoNotFitAreRefused) {
  const test::Scratch scratch;
  IndexWriter writer(scratch / "index", kSchema);
  const auto refused = [&](const auto& change, const char* saying) {
    Four four;
    change(four);
    EXPECT_THAT(test::error_message([&] { writer.stage(four.items()); }), HasSubstr(saying));
  };
  refused([](Four& f) { f.vectors[4] = 0; }, "item \"b\": a vector of length 0");
  refused([](Four& f) { f.vectors[4] = NAN; }, "item \"b\"");
  refused([](Four& f) { f.vectors.pop_back(); }, "11 numbers for 4 vectors of 3");
  refused([](Four& f) { f.texts.pop_back(); }, "3 texts for 4 items");
  refused([](Four& f) { f.contents.pop_back(); }, "3 content hashes");
  refused([](Four& f) { f.columns.pop_back(); }, "1 columns of metadata, not 2");
  refused([](Four& f) { f.columns[1].pop_back(); }, "3 values for 4 items");
  refused([](Four& f) { f.columns[1][2] = 1.5; }, "item \"c\"");
  refused([](Four& f) { f.ids[1] = "a"; }, "twice");
  refused([](Four& f) { f.ids[1] = "\xFF"; }, "UTF-8");
  EXPECT_THAT(test::error_message([&] { writer.stage_removal(std::vector<std::string>{"z"}); }),
              HasSubstr("\"z\" is not there"));
  writer.commit();
  EXPECT_EQ(Index(scratch / "index").size(), 0);
}

TEST(Index, QueriesThatDoNotFitAreRefused) {
  const test::Scratch scratch;
  const Index index(built(scratch));
  const auto refused = [&](std::vector<float> query, const SearchOptions& options,
                           const char* saying) {
    EXPECT_THAT(test::error_message([&] { index.search(query, options); }), HasSubstr(saying));
  };
  refused({1, 2}, {}, "another width than 3");
  refused({0, 0, 0}, {}, "query 0");
  refused({1, 0, 0, 1, NAN, 0}, {}, "query 1");
  refused({1, 0, 0}, {.k = 0}, "k is 0");
  IndexSchema plain = kSchema;
  plain.bf16 = false;
  IndexWriter(scratch / "plain", plain);
  const Index other(scratch / "plain");
  EXPECT_THAT(
      test::error_message([&] { other.search(kAlongX, {.precision = ScanPrecision::kBf16}); }),
      HasSubstr("no vectors in bf16"));
  EXPECT_THAT(other.search(kAlongX, {}), ElementsAre(IsEmpty()));  // nothing is in it
}

TEST(Index, OtherFoldersAreRefused) {
  const test::Scratch scratch;
  const fs::path folder = built(scratch);
  EXPECT_THAT(test::error_message([&] { IndexWriter(folder, kSchema); }),
              HasSubstr("something already"));
  io::StoreWriter(scratch / "store", {.columns = {{.name = "embedding", .shape = {3}}}});
  EXPECT_THAT(test::error_message([&] { Index(scratch / "store"); }), HasSubstr("no index"));
  EXPECT_THAT(test::error_message([&] { IndexWriter(scratch / "store"); }), HasSubstr("no index"));
  EXPECT_THROW(IndexWriter(scratch / "none"), Error);
  IndexSchema twice = kSchema;
  twice.columns[1].name = "subject";
  EXPECT_THAT(test::error_message([&] { IndexWriter(scratch / "new", twice); }),
              HasSubstr("twice"));

  const std::string manifest = read_file(folder / "store.json");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = manifest;
    const size_t at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    changed.replace(at, from.size(), to);
    write_file(folder / "store.json", changed);
    return test::error_message([&] { Index index(folder); });
  };
  EXPECT_THAT(with(R"("index.version": "1")", R"("index.version": "2")"), HasSubstr("version"));
  EXPECT_THAT(with(R"("index.kind.year": "integer")", R"("index.kind.year": "real")"),
              HasSubstr("no index"));
  EXPECT_THAT(with(R"("index.kind.year": "integer")", R"("index.kind.year": "date")"),
              HasSubstr("the kind of column"));
}

TEST(Index, ManyQueriesWithWordsArePassedInGroups) {
  // More items than one pass of lexical scores has room for with all queries.
  constexpr int64_t kItems = 30'000;
  constexpr int64_t kQueries = 300;
  const test::Scratch scratch;
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<std::string> ids;
  std::vector<std::string> texts;
  std::vector<float> vectors;
  for (int64_t i = 0; i < kItems; ++i) {
    ids.push_back(std::to_string(i));
    texts.push_back("w" + std::to_string(i % 997));
    for (int j = 0; j < 4; ++j) vectors.push_back(normal(random));
  }
  IndexWriter writer(scratch / "index", {.width = 4});
  writer.stage({.ids = ids, .vectors = vectors, .texts = texts});
  writer.commit();
  const Index index(scratch / "index");
  const auto queries = std::span(vectors).first(kQueries * 4);
  const auto words = std::span(texts).first(kQueries);
  const auto all = index.search(queries, {.k = 3, .lexical = {.weight = 0.4, .texts = words}});
  ASSERT_EQ(all.size(), static_cast<size_t>(kQueries));
  for (size_t q = 0; q < all.size(); q += 37) {
    EXPECT_EQ(all[q][0].item, static_cast<int64_t>(q));
    EXPECT_NEAR(all[q][0].score, 1, 1e-6);
    const auto alone =
        index.search(queries.subspan(q * 4, 4),
                     {.k = 3, .lexical = {.weight = 0.4, .texts = words.subspan(q, 1)}});
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(alone[0][i].item, all[q][i].item);
      EXPECT_EQ(alone[0][i].score, all[q][i].score);
    }
  }
}

}  // namespace
}  // namespace relata::index
