#include "relata/io/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <numeric>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "support/error_message.h"
#include "support/scratch.h"

namespace relata::io {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const StoreSchema kSchema{
    .columns = {{.name = "vector", .dtype = DType::kF32, .shape = {2}},
                {.name = "tokens", .dtype = DType::kU8, .shape = {}, .ragged = true}},
    .facts = {{"weights", "abc"}}};

/// Item i has the vector (i, −i) and i mod 3 tokens of value i.
struct Example {
  explicit Example(int first, int count) {
    lengths.emplace_back();
    lengths.emplace_back();
    for (int i = first; i < first + count; ++i) {
      ids.push_back("item " + std::to_string(i));
      vectors.push_back(static_cast<float>(i));
      vectors.push_back(static_cast<float>(-i));
      lengths[1].push_back(i % 3);
      tokens.insert(tokens.end(), static_cast<size_t>(i % 3), static_cast<uint8_t>(i));
    }
  }
  StoreItems items() const {
    return {.ids = ids,
            .bytes = {std::as_bytes(std::span(vectors)), std::as_bytes(std::span(tokens))},
            .lengths = lengths};
  }
  std::vector<std::string> ids;
  std::vector<float> vectors;
  std::vector<uint8_t> tokens;
  std::vector<std::vector<int64_t>> lengths;
};

void expect_item(const Store& store, int number) {
  const auto item = store.find("item " + std::to_string(number));
  ASSERT_TRUE(item) << number;
  EXPECT_EQ(store.id(*item), "item " + std::to_string(number));
  float vector[2];
  ASSERT_EQ(store.bytes(*item, 0).size(), sizeof(vector));
  std::memcpy(vector, store.bytes(*item, 0).data(), sizeof(vector));
  EXPECT_EQ(vector[0], static_cast<float>(number));
  EXPECT_EQ(vector[1], static_cast<float>(-number));
  EXPECT_EQ(store.length(*item, 1), number % 3);
  for (const std::byte token : store.bytes(*item, 1))
    EXPECT_EQ(token, static_cast<std::byte>(number));
  EXPECT_EQ(store.bytes(*item, 1).size(), static_cast<size_t>(number % 3));
}

TEST(Store, GivesWhatWasAppended) {
  const test::Scratch scratch;
  const fs::path folder = scratch / "store";
  {
    StoreWriter writer(folder, kSchema);
    writer.append(Example(0, 5).items());
    writer.append(Example(5, 0).items());
    writer.append(Example(5, 4).items());
    EXPECT_EQ(writer.store().size(), 9);
    for (int i = 0; i < 9; ++i) expect_item(writer.store(), i);
  }
  const Store store(folder);
  EXPECT_EQ(store.schema(), kSchema);
  EXPECT_EQ(store.size(), 9);
  for (int i = 0; i < 9; ++i) {
    expect_item(store, i);
    EXPECT_EQ(store.find("item " + std::to_string(i)), i);  // in the order of appending
  }
  EXPECT_FALSE(store.find("item 9"));
  EXPECT_EQ(store.schema().column("tokens", ""), 1);
  store.verify();
}

TEST(Store, RemovedItemsAreGoneAndMayComeBack) {
  const test::Scratch scratch;
  StoreWriter writer(scratch / "store", kSchema);
  writer.append(Example(0, 6).items());
  writer.remove(std::vector<std::string>{"item 4", "item 1"});
  EXPECT_EQ(writer.store().size(), 4);
  EXPECT_FALSE(writer.store().find("item 1"));
  for (const int i : {0, 2, 3, 5}) expect_item(writer.store(), i);
  writer.append(Example(1, 1).items());
  writer.remove(std::vector<std::string>{"item 0"});
  const Store store(scratch / "store");
  EXPECT_EQ(store.size(), 4);
  for (const int i : {1, 2, 3, 5}) expect_item(store, i);
  EXPECT_EQ(store.find("item 1"), 3);
  EXPECT_THROW(writer.remove(std::vector<std::string>{"item 4"}), Error);
}

TEST(Store, IsReadWhileItIsWritten) {
  const test::Scratch scratch;
  StoreWriter writer(scratch / "store", kSchema);
  writer.append(Example(0, 3).items());
  const Store before(scratch / "store");
  writer.append(Example(3, 3).items());
  EXPECT_EQ(before.size(), 3);
  expect_item(before, 2);
  EXPECT_EQ(Store(scratch / "store").size(), 6);
}

TEST(Store, AWriterThatDiedLeavesNothing) {
  const test::Scratch scratch;
  const fs::path folder = scratch / "store";
  StoreWriter(folder, kSchema).append(Example(0, 3).items());
  // A shard that was written, and a manifest that was not.
  const std::string shard = read_file(folder / "shard-000000.safetensors");
  write_file(folder / "shard-000001.safetensors", shard);
  write_file(folder / "store.json.tmp-123", "half");
  EXPECT_EQ(Store(folder).size(), 3);
  StoreWriter writer(folder, kSchema);
  EXPECT_FALSE(fs::exists(folder / "shard-000001.safetensors"));
  EXPECT_FALSE(fs::exists(folder / "store.json.tmp-123"));
  writer.append(Example(3, 2).items());
  EXPECT_EQ(Store(folder).size(), 5);
}

TEST(Store, StepsAreSeenTogether) {
  const test::Scratch scratch;
  const fs::path folder = scratch / "store";
  StoreWriter writer(folder, kSchema);
  writer.append(Example(0, 4).items());
  writer.stage_removal(std::vector<std::string>{"item 1", "item 2"});
  writer.stage(Example(2, 1).items());  // comes back
  writer.stage(Example(4, 2).items());
  EXPECT_EQ(Store(folder).size(), 4);
  EXPECT_EQ(writer.store().size(), 4);
  EXPECT_THROW(writer.stage(Example(3, 1).items()), Error);
  EXPECT_THROW(writer.stage(Example(5, 1).items()), Error);  // staged already
  writer.commit();
  for (const Store& store : {Store(folder), writer.store()}) {
    EXPECT_EQ(store.size(), 5);
    EXPECT_FALSE(store.find("item 1"));
    EXPECT_EQ(store.find("item 2"), 2);
    for (const int i : {0, 2, 3, 4, 5}) expect_item(store, i);
  }
  // A writer that goes without a commit takes its files along.
  {
    StoreWriter(scratch / "other", kSchema).stage(Example(0, 2).items());
  }
  EXPECT_EQ(Store(scratch / "other").size(), 0);
  EXPECT_FALSE(fs::exists(scratch / "other" / "shard-000000.safetensors"));
}

TEST(Store, NumbersCountRemovedItems) {
  const test::Scratch scratch;
  StoreWriter writer(scratch / "store", kSchema);
  writer.append(Example(0, 3).items());
  writer.append(Example(3, 4).items());
  writer.remove(std::vector<std::string>{"item 0", "item 3", "item 4"});
  const Store store(scratch / "store");
  EXPECT_THAT(store.removed(), ::testing::ElementsAre(0, 3, 4));
  EXPECT_EQ(store.appended(), 7);
  const std::vector<int64_t> numbers{1, 2, 5, 6};
  for (int64_t item = 0; item < 4; ++item) {
    const int64_t number = numbers[static_cast<size_t>(item)];
    EXPECT_EQ(store.number(item), number);
    EXPECT_EQ(store.item_of(number), item);
    EXPECT_EQ(store.id(item), "item " + std::to_string(number));
  }
  EXPECT_THROW(store.number(4), Error);
  EXPECT_THROW(store.id(-1), Error);
  const auto blocks = store.blocks(0);
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_EQ(blocks[1].first, 3);
  EXPECT_EQ(blocks[1].count, 4);
  float first = 0;
  std::memcpy(&first, blocks[1].bytes.data(), sizeof(first));
  EXPECT_EQ(first, 3.0F);
  EXPECT_EQ(blocks[1].bytes.size(), 4 * 2 * sizeof(float));
  EXPECT_THROW(store.blocks(1), Error);
}

TEST(Store, AnotherSchemaIsRefusedByName) {
  const test::Scratch scratch;
  const fs::path folder = scratch / "store";
  StoreWriter(folder, kSchema).append(Example(0, 1).items());
  StoreSchema other = kSchema;
  other.facts["weights"] = "def";
  EXPECT_THAT(test::error_message([&] { StoreWriter(folder, other); }),
              HasSubstr("'weights' is \"abc\""));
  other = kSchema;
  other.columns[0].shape = {3};
  EXPECT_THAT(test::error_message([&] { StoreWriter(folder, other); }), HasSubstr("columns"));
  write_file(scratch / "file", "x");
  EXPECT_THAT(test::error_message([&] { StoreWriter(scratch.path(), kSchema); }),
              HasSubstr("other files"));
}

TEST(Store, ItemsThatDoNotFitAreRefused) {
  const test::Scratch scratch;
  StoreWriter writer(scratch / "store", kSchema);
  writer.append(Example(0, 2).items());
  EXPECT_THAT(test::error_message([&] { writer.append(Example(1, 1).items()); }),
              HasSubstr("there already"));
  Example twice(5, 2);
  twice.ids[1] = twice.ids[0];
  EXPECT_THROW(writer.append(twice.items()), Error);
  Example nameless(5, 1);
  nameless.ids[0] = "";
  EXPECT_THROW(writer.append(nameless.items()), Error);
  Example shorter(5, 2);
  shorter.vectors.pop_back();
  EXPECT_THAT(test::error_message([&] { writer.append(shorter.items()); }), HasSubstr("'vector'"));
  Example longer(5, 2);
  ++longer.lengths[1][0];
  EXPECT_THAT(test::error_message([&] { writer.append(longer.items()); }), HasSubstr("'tokens'"));
  Example negative(5, 2);
  negative.lengths[1] = {-1, 4};
  EXPECT_THROW(writer.append(negative.items()), Error);
  EXPECT_EQ(Store(scratch / "store").size(), 2);
}

TEST(Store, DamageIsNamed) {
  const test::Scratch scratch;
  const fs::path folder = scratch / "store";
  StoreWriter(folder, kSchema).append(Example(0, 5).items());
  const fs::path shard = folder / "shard-000000.safetensors";
  const std::string good = read_file(shard);
  const std::string manifest = read_file(folder / "store.json");
  const auto opened = [&] { return test::error_message([&] { Store store(folder); }); };

  write_file(shard, good.substr(0, good.size() - 1));
  EXPECT_THAT(opened(), HasSubstr("where the manifest has"));
  std::string flipped = good;
  flipped.back() ^= 1;
  write_file(shard, flipped);
  EXPECT_THAT(test::error_message([&] { Store(folder).verify(); }), HasSubstr("shard-000000"));
  // Where ids begin: 0, 6, 12, 18, 24, 30.
  const auto with_offset = [&](int64_t from, int64_t to) {
    std::string changed = good;
    const std::string_view old(reinterpret_cast<const char*>(&from), sizeof(from));
    const size_t at = changed.find(old);
    EXPECT_NE(at, std::string::npos) << from;
    std::memcpy(changed.data() + at, &to, sizeof(to));
    write_file(shard, changed);
    return opened();
  };
  EXPECT_THAT(with_offset(30, 29), HasSubstr("offsets 'ids.offsets'"));
  EXPECT_THAT(with_offset(12, 19), HasSubstr("offsets 'ids.offsets'"));
  fs::remove(shard);
  EXPECT_THAT(opened(), HasSubstr("missing"));
  write_file(shard, good);

  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = manifest;
    const size_t at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    changed.replace(at, from.size(), to);
    write_file(folder / "store.json", changed);
    return opened();
  };
  EXPECT_THAT(with("\"version\": 1", "\"version\": 2"), HasSubstr("version 2"));
  EXPECT_THAT(with("relata-store", "another"), HasSubstr("format"));
  EXPECT_THAT(with("\"count\": 5", "\"count\": 6"), HasSubstr("offsets"));
  EXPECT_THAT(with("\"count\": 5", "\"count\": -5"), HasSubstr("'count'"));
  EXPECT_THAT(with("shard-000000.safetensors", "../shard-000000.safetensors"),
              HasSubstr("file name"));
  EXPECT_THAT(with("\"F32\"", "\"I32\""), HasSubstr("column.vector"));
  EXPECT_THAT(with("\"name\": \"tokens\"", "\"name\": \"vector\""), HasSubstr("twice"));
  EXPECT_THAT(with("\"removed\": []", "\"removed\": [{}]"), HasSubstr("'file'"));
  EXPECT_THAT(with("{", "{,"), HasSubstr("store.json"));
}

}  // namespace
}  // namespace relata::io
