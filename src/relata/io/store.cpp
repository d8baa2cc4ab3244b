#include "relata/io/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <unordered_map>
#include <utility>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/base/hash.h"
#include "relata/io/store_manifest.h"
#include "relata/io/store_shard.h"
#include "relata/io/utf8.h"

namespace relata::io {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "store.json";

/// Numbers of removed items, sorted, each once.
std::vector<int64_t> read_removed(const fs::path& path, const StoreFile& file) {
  const SafetensorsFile content(path);
  const TensorInfo* items = content.find("items");
  if (items == nullptr || items->dtype != DType::kI64 || items->shape != std::vector{file.count})
    throw Error(
        {.what = "no list of removed items as the manifest has it", .where = path.string()});
  std::vector<int64_t> numbers(static_cast<size_t>(file.count));
  if (!numbers.empty()) std::memcpy(numbers.data(), items->bytes.data(), items->bytes.size());
  return numbers;
}

fs::path file_name(const fs::path& folder, const char* kind, size_t number) {
  return folder / fmt::format("{}-{:06}.safetensors", kind, number);
}

/// Files of a writer that died before they stood in the manifest.
void remove_orphans(const fs::path& folder, const StoreManifest& manifest) {
  for (const auto& [kind, known] :
       {std::pair("shard", manifest.shards.size()), std::pair("removed", manifest.removed.size())})
    fs::remove(file_name(folder, kind, known));
}

void check_same(const StoreSchema& there, const StoreSchema& wanted, const fs::path& folder) {
  if (there == wanted) return;
  const auto fail = [&](const std::string& what) {
    throw Error({.what = "the Store that is there differs: " + what,
                 .where = folder.string(),
                 .remedy = "write to another folder, or remove this one"});
  };
  if (there.columns != wanted.columns) fail("its columns");
  for (const auto& [name, value] : wanted.facts) {
    const auto found = there.facts.find(name);
    if (found == there.facts.end() || found->second != value)
      fail(fmt::format("'{}' is {}, not {}", name,
                       found == there.facts.end() ? "absent" : excerpt(found->second),
                       excerpt(value)));
  }
  fail("facts that nobody asked for");
}

/// Makes an empty Store where there is none.
const fs::path& prepared(const fs::path& folder, const StoreSchema& schema) {
  fs::create_directories(folder);
  if (fs::exists(folder / kManifest)) return folder;
  if (!fs::is_empty(folder)) {
    throw Error({.what = "a folder with other files in it",
                 .where = folder.string(),
                 .remedy = "choose an empty or new one"});
  }
  write_manifest(folder / kManifest, {.schema = schema, .shards = {}, .removed = {}});
  return folder;
}

}  // namespace

size_t StoreSchema::column(std::string_view name, std::string_view where) const {
  const auto found = std::ranges::find(columns, name, &StoreColumn::name);
  if (found == columns.end())
    throw Error({.what = fmt::format("no column '{}'", name), .where = std::string(where)});
  return static_cast<size_t>(found - columns.begin());
}

struct Store::Content {
  struct Place {
    size_t shard = 0;
    int64_t row = 0;
    int64_t number = 0;  ///< counted over all that was ever appended
  };

  explicit Content(const fs::path& at) : folder(at), manifest(read_manifest(at / kManifest)) {
    const std::set<int64_t> gone = removed_numbers();
    for (const StoreFile& file : manifest.shards) open_shard(file, gone);
    if (!gone.empty() && (*gone.begin() < 0 || *gone.rbegin() >= appended))
      throw Error({.what = "removed items that were never there", .where = folder.string()});
  }

  std::set<int64_t> removed_numbers() const {
    std::set<int64_t> gone;
    for (const StoreFile& file : manifest.removed) {
      for (const int64_t item : read_removed(folder / file.name, file)) gone.insert(item);
    }
    return gone;
  }

  void open_shard(const StoreFile& file, const std::set<int64_t>& gone) {
    shards.emplace_back(folder / file.name, file, manifest.schema);
    for (int64_t row = 0; row < file.count; ++row, ++appended) {
      if (!gone.contains(appended)) add({shards.size() - 1, row, appended});
    }
  }

  void add(const Place& place) {
    const std::string_view id = shards[place.shard].id(place.row);
    if (id.empty() || !by_id.emplace(id, static_cast<int64_t>(items.size())).second) {
      throw Error({.what = fmt::format("the id {} is there twice or empty", excerpt(id)),
                   .where = (folder / manifest.shards[place.shard].name).string()});
    }
    items.push_back(place);
  }

  const Place& at(int64_t item) const { return items.at(static_cast<size_t>(item)); }

  fs::path folder;
  StoreManifest manifest;
  std::vector<StoreShard> shards;
  std::vector<Place> items;
  std::unordered_map<std::string_view, int64_t> by_id;
  int64_t appended = 0;  ///< items, removed ones included
};

Store::Store(const fs::path& folder) : content_(std::make_shared<Content>(folder)) {}

const StoreSchema& Store::schema() const { return content_->manifest.schema; }

int64_t Store::size() const { return static_cast<int64_t>(content_->items.size()); }

std::string_view Store::id(int64_t item) const {
  const auto& place = content_->at(item);
  return content_->shards[place.shard].id(place.row);
}

std::optional<int64_t> Store::find(std::string_view id) const {
  const auto found = content_->by_id.find(id);
  return found == content_->by_id.end() ? std::nullopt : std::optional(found->second);
}

std::span<const std::byte> Store::bytes(int64_t item, size_t column) const {
  const auto& place = content_->at(item);
  return content_->shards[place.shard].bytes(place.row, column);
}

int64_t Store::length(int64_t item, size_t column) const {
  const auto& place = content_->at(item);
  return content_->shards[place.shard].length(place.row, column);
}

void Store::verify() const {
  for (const auto* files : {&content_->manifest.shards, &content_->manifest.removed}) {
    for (const StoreFile& file : *files) {
      const fs::path path = content_->folder / file.name;
      if (Hasher().add(MappedFile(path).bytes()).hex() != file.hash) {
        throw Error({.what = "its content is not what was written",
                     .where = path.string(),
                     .remedy = "restore it, or write the Store again"});
      }
    }
  }
}

StoreWriter::StoreWriter(const fs::path& folder, const StoreSchema& schema)
    : folder_(prepared(folder, schema)),
      lock_(std::make_unique<FolderLock>(folder)),
      store_(folder) {
  check_same(store_.schema(), schema, folder);
  remove_leftovers(folder);
  remove_orphans(folder, store_.content_->manifest);
}

void StoreWriter::append(const StoreItems& items) {
  if (items.ids.empty()) return;
  std::set<std::string_view> seen;
  for (const std::string& id : items.ids) {
    if (id.empty() || store_.find(id) || !seen.insert(id).second) {
      throw Error({.what = fmt::format("the id {} is empty or there already", excerpt(id)),
                   .where = folder_.string()});
    }
  }
  StoreManifest manifest = store_.content_->manifest;
  const fs::path path = file_name(folder_, "shard", manifest.shards.size());
  manifest.shards.push_back(write_shard(path, items, manifest.schema));
  // From here on the items are there; a shard without its line in the manifest is nobody's.
  write_manifest(folder_ / kManifest, manifest);
  store_.content_->manifest = manifest;
  store_.content_->open_shard(manifest.shards.back(), {});
}

void StoreWriter::remove(std::span<const std::string> ids) {
  if (ids.empty()) return;
  std::set<int64_t> numbers;
  for (const std::string& id : ids) {
    const auto item = store_.find(id);
    if (!item) {
      throw Error(
          {.what = fmt::format("the id {} is not there", excerpt(id)), .where = folder_.string()});
    }
    numbers.insert(store_.content_->at(*item).number);
  }
  const std::vector<int64_t> list(numbers.begin(), numbers.end());
  StoreManifest manifest = store_.content_->manifest;
  const fs::path path = file_name(folder_, "removed", manifest.removed.size());
  const std::vector<TensorInfo> tensors{{.name = "items",
                                         .dtype = DType::kI64,
                                         .shape = {static_cast<int64_t>(list.size())},
                                         .bytes = std::as_bytes(std::span(list))}};
  write_safetensors(path, tensors);
  const MappedFile written(path);
  manifest.removed.push_back({.name = path.filename().string(),
                              .bytes = written.bytes().size(),
                              .hash = Hasher().add(written.bytes()).hex(),
                              .count = static_cast<int64_t>(list.size())});
  write_manifest(folder_ / kManifest, manifest);
  store_ = Store(folder_);
}

}  // namespace relata::io
