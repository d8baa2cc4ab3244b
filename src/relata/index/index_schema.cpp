#include "relata/index/index_schema.h"

#include <fmt/format.h>

#include <set>

#include "relata/base/error.h"
#include "relata/io/utf8.h"

namespace relata::index {
namespace {

constexpr const char* kVersionFact = "index.version";
constexpr const char* kVersion = "1";
constexpr const char* kKindFact = "index.kind.";
constexpr const char* kOwnFacts = "index.";
constexpr std::string_view kMetadata = "meta.";

[[noreturn]] void no_index(std::string_view where, const std::string& why) {
  throw Error({.what = "no index: " + why,
               .where = std::string(where),
               .remedy = "relata index build makes one"});
}

Column column_of(const io::StoreColumn& stored, const io::StoreSchema& schema,
                 std::string_view where) {
  if (!stored.name.starts_with(kMetadata))
    no_index(where, fmt::format("column {}", io::excerpt(stored.name)));
  Column column{.name = stored.name.substr(kMetadata.size())};
  const auto fact = schema.facts.find(kKindFact + column.name);
  const auto kind = fact == schema.facts.end() ? std::nullopt : kind_of(fact->second);
  if (!kind) no_index(where, fmt::format("the kind of column {}", io::excerpt(column.name)));
  column.kind = *kind;
  return column;
}

}  // namespace

io::StoreSchema store_schema(const IndexSchema& schema) {
  if (schema.width < 1) throw Error({.what = fmt::format("vectors of {} numbers", schema.width)});
  const auto bytes = [](std::string name) {
    return io::StoreColumn{
        .name = std::move(name), .dtype = io::DType::kU8, .shape = {}, .ragged = true};
  };
  io::StoreSchema stored{
      .columns = {{.name = "embedding", .dtype = io::DType::kF32, .shape = {schema.width}},
                  bytes("content"),
                  bytes("text")},
      .facts = schema.facts};
  stored.facts[kVersionFact] = kVersion;
  if (schema.bf16) {
    stored.columns.push_back(
        {.name = "rounded", .dtype = io::DType::kBF16, .shape = {schema.width}});
  }
  std::set<std::string> names;
  for (const Column& column : schema.columns) {
    if (column.name.empty() || !names.insert(column.name).second)
      throw Error({.what = fmt::format("the column {} is there twice or without a name",
                                       io::excerpt(column.name))});
    stored.columns.push_back(stored_column(column));
    stored.facts[kKindFact + column.name] = kind_name(column.kind);
  }
  return stored;
}

IndexSchema index_schema(const io::StoreSchema& stored, std::string_view where) {
  const auto version = stored.facts.find(kVersionFact);
  if (version == stored.facts.end()) no_index(where, "a Store of something else");
  if (version->second != kVersion) {
    throw Error(
        {.what = fmt::format("version {} of the index format", io::excerpt(version->second)),
         .where = std::string(where),
         .remedy = fmt::format("this build reads version {}", kVersion)});
  }
  IndexSchema schema;
  if (stored.columns.empty() || stored.columns.front().shape.size() != 1)
    no_index(where, "its first column");
  schema.width = stored.columns.front().shape.front();
  schema.bf16 =
      stored.columns.size() > kFixedColumns && stored.columns[kFixedColumns].name == "rounded";
  for (size_t i = first_metadata(schema); i < stored.columns.size(); ++i)
    schema.columns.push_back(column_of(stored.columns[i], stored, where));
  for (const auto& [name, value] : stored.facts) {
    if (!name.starts_with(kOwnFacts)) schema.facts.emplace(name, value);
  }
  if (store_schema(schema).columns != stored.columns) no_index(where, "other columns than it says");
  return schema;
}

}  // namespace relata::index
