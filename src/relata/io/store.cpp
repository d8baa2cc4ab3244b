#include "relata/io/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <mutex>
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
  std::set<std::string> known;
  for (const StoreFile& file : manifest.shards) known.insert(file.name);
  for (const StoreFile& file : manifest.removed) known.insert(file.name);
  std::vector<fs::path> orphans;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool ours = name.starts_with("shard-") || name.starts_with("removed-");
    if (ours && name.ends_with(".safetensors") && !known.contains(name))
      orphans.push_back(entry.path());
  }
  for (const fs::path& orphan : orphans) fs::remove(orphan);
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
  };

  explicit Content(const fs::path& at) : folder(at), manifest(read_manifest(at / kManifest)) {
    for (const StoreFile& file : manifest.shards) open_shard(file);
    read_removed_numbers();
  }

  void read_removed_numbers() {
    std::set<int64_t> numbers;
    for (const StoreFile& file : manifest.removed) {
      for (const int64_t item : read_removed(folder / file.name, file)) numbers.insert(item);
    }
    gone.assign(numbers.begin(), numbers.end());
    if (!gone.empty() && (gone.front() < 0 || gone.back() >= appended))
      throw Error({.what = "removed items that were never there", .where = folder.string()});
  }

  void open_shard(const StoreFile& file) {
    shards.emplace_back(folder / file.name, file, manifest.schema);
    starts.push_back(appended);
    appended += file.count;
  }

  int64_t size() const { return appended - static_cast<int64_t>(gone.size()); }

  int64_t number(int64_t item) const {
    if (item < 0 || item >= size())
      throw Error({.what = fmt::format("item {} of {}", item, size()), .where = folder.string()});
    // gone[j] − j items stand before the j-th removed one.
    int64_t low = 0;
    auto high = static_cast<int64_t>(gone.size());
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      if (gone[static_cast<size_t>(middle)] - middle <= item) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return item + low;
  }

  Place at(int64_t item) const {
    const int64_t wanted = number(item);
    // The last shard that begins at or before it; empty shards are never the last such one.
    const auto shard = std::ranges::upper_bound(starts, wanted) - starts.begin() - 1;
    return {static_cast<size_t>(shard), wanted - starts[static_cast<size_t>(shard)]};
  }

  std::string_view id(int64_t item) const {
    const Place place = at(item);
    return shards[place.shard].id(place.row);
  }

  /// Ids by name; they may be asked for by several readers at once.
  const std::unordered_map<std::string_view, int64_t>& ids() const {
    const std::scoped_lock lock(mutex);
    for (auto item = static_cast<int64_t>(by_id.size()); item < size(); ++item) {
      const std::string_view name = id(item);
      if (name.empty() || !by_id.emplace(name, item).second) {
        throw Error({.what = fmt::format("the id {} is there twice or empty", excerpt(name)),
                     .where = (folder / manifest.shards[at(item).shard].name).string()});
      }
    }
    return by_id;
  }

  fs::path folder;
  StoreManifest manifest;
  std::deque<StoreShard> shards;  // ids point into them
  std::vector<int64_t> starts;    ///< number of the first item of each shard
  std::vector<int64_t> gone;      ///< numbers of removed items, ascending
  int64_t appended = 0;           ///< items, removed ones included
  mutable std::mutex mutex;
  mutable std::unordered_map<std::string_view, int64_t> by_id;
};

Store::Store(const fs::path& folder) : content_(std::make_shared<Content>(folder)) {}

const StoreSchema& Store::schema() const { return content_->manifest.schema; }

int64_t Store::size() const { return content_->size(); }

std::string_view Store::id(int64_t item) const { return content_->id(item); }

std::optional<int64_t> Store::find(std::string_view id) const {
  const auto& ids = content_->ids();
  const auto found = ids.find(id);
  return found == ids.end() ? std::nullopt : std::optional(found->second);
}

int64_t Store::appended() const { return content_->appended; }

int64_t Store::number(int64_t item) const { return content_->number(item); }

int64_t Store::item_of(int64_t number) const {
  return number - (std::ranges::lower_bound(content_->gone, number) - content_->gone.begin());
}

std::span<const int64_t> Store::removed() const { return content_->gone; }

std::vector<StoreBlock> Store::blocks(size_t column) const {
  if (schema().columns.at(column).ragged) {
    throw Error({.what = fmt::format("column '{}' is ragged", schema().columns[column].name),
                 .where = content_->folder.string()});
  }
  std::vector<StoreBlock> blocks;
  for (size_t i = 0; i < content_->shards.size(); ++i) {
    const StoreShard& shard = content_->shards[i];
    blocks.push_back(
        {.first = content_->starts[i], .count = shard.size(), .bytes = shard.all_bytes(column)});
  }
  return blocks;
}

std::span<const std::byte> Store::bytes(int64_t item, size_t column) const {
  const auto place = content_->at(item);
  return content_->shards[place.shard].bytes(place.row, column);
}

int64_t Store::length(int64_t item, size_t column) const {
  const auto place = content_->at(item);
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

StoreWriter::~StoreWriter() {
  try {
    drop_staged();
  } catch (const std::exception&) {
    // The next writer removes what could not be removed here.
    staged_.clear();
  }
}

void StoreWriter::append(const StoreItems& items) {
  stage(items);
  commit();
}

void StoreWriter::remove(std::span<const std::string> ids) {
  stage_removal(ids);
  commit();
}

void StoreWriter::check_id(const std::string& id) const {
  const auto there = store_.find(id);
  const bool goes = there && staged_removal_.contains(store_.number(*there));
  if (id.empty() || (there && !goes) || staged_ids_.contains(id)) {
    throw Error({.what = fmt::format("the id {} is empty or there already", excerpt(id)),
                 .where = folder_.string()});
  }
}

void StoreWriter::stage_removal(std::span<const std::string> ids) {
  std::set<int64_t> numbers;
  for (const std::string& id : ids) {
    const auto item = store_.find(id);
    if (!item) {
      throw Error(
          {.what = fmt::format("the id {} is not there", excerpt(id)), .where = folder_.string()});
    }
    numbers.insert(store_.number(*item));
  }
  staged_removal_.merge(numbers);
}

void StoreWriter::stage(const StoreItems& items) {
  if (items.ids.empty()) return;
  std::set<std::string_view> seen;
  for (const std::string& id : items.ids) {
    check_id(id);
    if (!seen.insert(id).second) {
      throw Error({.what = fmt::format("the id {} is there twice", excerpt(id)),
                   .where = folder_.string()});
    }
  }
  const size_t number = store_.content_->manifest.shards.size() + staged_.size();
  staged_.push_back(write_shard(file_name(folder_, "shard", number), items, store_.schema()));
  staged_ids_.insert(items.ids.begin(), items.ids.end());
}

StoreFile StoreWriter::write_removed(size_t number) const {
  const std::vector<int64_t> list(staged_removal_.begin(), staged_removal_.end());
  const fs::path path = file_name(folder_, "removed", number);
  const std::vector<TensorInfo> tensors{{.name = "items",
                                         .dtype = DType::kI64,
                                         .shape = {static_cast<int64_t>(list.size())},
                                         .bytes = std::as_bytes(std::span(list))}};
  write_safetensors(path, tensors);
  const MappedFile written(path);
  return {.name = path.filename().string(),
          .bytes = written.bytes().size(),
          .hash = Hasher().add(written.bytes()).hex(),
          .count = static_cast<int64_t>(list.size())};
}

void StoreWriter::commit() {
  if (staged_.empty() && staged_removal_.empty()) return;
  StoreManifest manifest = store_.content_->manifest;
  manifest.shards.insert(manifest.shards.end(), staged_.begin(), staged_.end());
  if (!staged_removal_.empty()) manifest.removed.push_back(write_removed(manifest.removed.size()));
  // From here on it has happened; files without their line in the manifest are nobody's.
  write_manifest(folder_ / kManifest, manifest);
  const std::vector<StoreFile> added = std::exchange(staged_, {});
  const bool removed = !std::exchange(staged_removal_, {}).empty();
  staged_ids_.clear();
  if (removed) {
    store_ = Store(folder_);
    return;
  }
  store_.content_->manifest = manifest;
  for (const StoreFile& file : added) store_.content_->open_shard(file);
}

void StoreWriter::drop_staged() {
  for (const StoreFile& file : staged_) fs::remove(folder_ / file.name);
  staged_.clear();
  staged_ids_.clear();
  staged_removal_.clear();
}

}  // namespace relata::io
