#include "relata/io/store_manifest.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/io/json.h"
#include "relata/io/utf8.h"

namespace relata::io {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view kFormat = "relata-store";
constexpr int64_t kVersion = 1;

class ManifestReader {
 public:
  explicit ManifestReader(std::string where) : where_(std::move(where)) {}

  StoreManifest read(const json& root) {
    if (!root.is_object() || root.value("format", json()) != kFormat)
      fail(fmt::format("it does not say \"format\": \"{}\"", kFormat));
    const int64_t version = count(root, "version");
    if (version != kVersion) {
      throw Error({.what = fmt::format("version {} of the Store format", version),
                   .where = where_,
                   .remedy = fmt::format("this build reads version {}", kVersion)});
    }
    StoreManifest manifest;
    for (const json& column : list(root, "columns"))
      manifest.schema.columns.push_back(read_column(column));
    const json facts = root.value("facts", json::object());
    if (!facts.is_object()) fail("'facts' is no object");
    for (const auto& [name, value] : facts.items()) {
      if (!value.is_string()) fail("fact '" + name + "' is no string");
      manifest.schema.facts[name] = value.get<std::string>();
    }
    manifest.shards = read_files(root, "shards");
    manifest.removed = read_files(root, "removed");
    return manifest;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error({.what = what, .where = where_});
  }

  const json& list(const json& object, const char* key) const {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_array()) fail(fmt::format("'{}' is no list", key));
    return *found;
  }

  std::string text(const json& object, const char* key) const {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string()) fail(fmt::format("'{}' is no string", key));
    return found->get<std::string>();
  }

  int64_t count(const json& object, const char* key) const {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number_integer() || *found < 0 ||
        *found > (int64_t{1} << 53))
      fail(fmt::format("'{}' is no count", key));
    return found->get<int64_t>();
  }

  StoreColumn read_column(const json& object) {
    if (!object.is_object()) fail("a column is no object");
    StoreColumn column{.name = text(object, "name")};
    if (column.name.empty() || !names_.insert(column.name).second)
      fail(fmt::format("column {} is there twice or has no name", excerpt(column.name)));
    const std::string dtype = text(object, "dtype");
    const auto known = dtype_from_name(dtype);
    if (!known || dtype_bits(*known) % 8 != 0)
      fail(fmt::format("column {}: dtype {}", excerpt(column.name), excerpt(dtype)));
    column.dtype = *known;
    for (const json& axis : list(object, "shape")) {
      if (!axis.is_number_integer() || axis < 1 || axis > (int64_t{1} << 32))
        fail(fmt::format("column {}: its shape", excerpt(column.name)));
      column.shape.push_back(axis.get<int64_t>());
    }
    byte_count(column.dtype, column.shape, where_);
    if (object.contains("ragged") && !object["ragged"].is_boolean())
      fail(fmt::format("column {}: 'ragged'", excerpt(column.name)));
    column.ragged = object.value("ragged", false);
    return column;
  }

  std::vector<StoreFile> read_files(const json& root, const char* key) {
    std::vector<StoreFile> files;
    for (const json& object : list(root, key)) {
      if (!object.is_object()) fail(fmt::format("'{}' holds what is no object", key));
      StoreFile file{.name = text(object, "file"),
                     .bytes = static_cast<uint64_t>(count(object, "bytes")),
                     .hash = text(object, "hash"),
                     .count = count(object, "count")};
      // Files stand beside the manifest, each once.
      if (file.name.empty() || fs::path(file.name).filename() != file.name ||
          !names_of_files_.insert(file.name).second)
        fail(fmt::format("file name {}", excerpt(file.name)));
      files.push_back(std::move(file));
    }
    return files;
  }

  std::string where_;
  std::set<std::string> names_;
  std::set<std::string> names_of_files_;
};

json to_json(const std::vector<StoreFile>& files) {
  json list = json::array();
  for (const StoreFile& file : files) {
    list.push_back(
        {{"file", file.name}, {"bytes", file.bytes}, {"hash", file.hash}, {"count", file.count}});
  }
  return list;
}

}  // namespace

StoreManifest read_manifest(const fs::path& path) {
  const std::string where = path.string();
  return ManifestReader(where).read(parse_json_strict(read_file(path), where));
}

void write_manifest(const fs::path& path, const StoreManifest& manifest) {
  json columns = json::array();
  for (const StoreColumn& column : manifest.schema.columns) {
    columns.push_back({{"name", column.name},
                       {"dtype", dtype_name(column.dtype)},
                       {"shape", column.shape},
                       {"ragged", column.ragged}});
  }
  const json root{{"format", kFormat},
                  {"version", kVersion},
                  {"columns", columns},
                  {"facts", manifest.schema.facts},
                  {"shards", to_json(manifest.shards)},
                  {"removed", to_json(manifest.removed)}};
  write_file(path, root.dump(1) + "\n");
}

}  // namespace relata::io
