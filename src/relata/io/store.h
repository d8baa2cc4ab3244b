// A Store: items with ids and named columns, in a folder that is memory-mapped, appended to without
// ever being half-written, and removed from by tombstones. The feature cache, what `embed` writes,
// and vector indexes are Stores. docs/file-formats.md describes the files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relata/base/folder_lock.h"
#include "relata/io/safetensors.h"

namespace relata::io {

struct StoreColumn {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape = {};  ///< of one item; ragged: of one of an item's elements
  bool ragged = false;              ///< items have any number of elements

  bool operator==(const StoreColumn&) const = default;
};

/// What all items share: columns, and facts such as hashes of the model and its preprocessing.
struct StoreSchema {
  std::vector<StoreColumn> columns;
  std::map<std::string, std::string> facts = {};

  bool operator==(const StoreSchema&) const = default;
  /// Throws Error naming `where` if there is no column of that name.
  size_t column(std::string_view name, std::string_view where) const;
};

/// Items to append. Bytes are row-major and somebody else's.
struct StoreItems {
  std::span<const std::string> ids;
  /// Of each column in the schema's order: the bytes of all items, one after the other.
  std::vector<std::span<const std::byte>> bytes;
  /// Of each column, where it is ragged: the elements of each item. Empty where it is not.
  std::vector<std::vector<int64_t>> lengths = {};
};

/// A column that is not ragged, as it lies in one file: for scans.
struct StoreBlock {
  int64_t first = 0;  ///< number of its first item
  int64_t count = 0;  ///< items, those that were removed included
  std::span<const std::byte> bytes = {};
};

struct StoreFile;

/// A Store as it stood when it was opened; what is appended later is seen by opening it again.
/// Opening takes no time by item: files are mapped, ids are looked at when one is first looked for.
class Store {
 public:
  /// Maps the shards. Throws Error naming the file and the place for a manifest or shard that is
  /// malformed, missing, cut short, of another schema, or of a later version.
  explicit Store(const std::filesystem::path& folder);

  const StoreSchema& schema() const;
  /// Items that are there; those removed do not count. They are numbered from 0 in the order in
  /// which they were appended.
  int64_t size() const;
  std::string_view id(int64_t item) const;
  /// Throws Error if any id is there twice or empty, which a Store that was written here has not.
  std::optional<int64_t> find(std::string_view id) const;
  /// The bytes of one item in one column.
  std::span<const std::byte> bytes(int64_t item, size_t column) const;
  /// Elements of an item in a ragged column; 1 in others.
  int64_t length(int64_t item, size_t column) const;

  /// All that was ever appended has a number, counted from 0; removed items keep theirs.
  int64_t appended() const;
  int64_t number(int64_t item) const;
  /// The item of a number that was not removed.
  int64_t item_of(int64_t number) const;
  /// Numbers that were removed, in ascending order.
  std::span<const int64_t> removed() const;
  /// One block for each time that something was appended. Throws Error for a ragged column.
  std::vector<StoreBlock> blocks(size_t column) const;

  /// Reads everything and compares it with the checksums of the manifest. Throws Error naming the
  /// first file that differs.
  void verify() const;

 private:
  friend class StoreWriter;
  struct Content;

  std::shared_ptr<Content> content_;
};

/// Appends to a Store and removes from it; one process at a time. Each call is on the disk and seen
/// by whoever opens the Store when it returns, or, if the process dies, has not happened.
class StoreWriter {
 public:
  /// Opens a Store or makes an empty one. Throws Error if it is there with another schema, naming
  /// what differs, or another process writes to it.
  StoreWriter(const std::filesystem::path& folder, const StoreSchema& schema);

  /// What was staged and not committed is dropped.
  ~StoreWriter();

  /// Throws Error for an id that is there already or twice, an empty id, and bytes or lengths that
  /// do not match the schema. No items: nothing happens.
  void append(const StoreItems& items);
  /// Items may be appended again under their old ids. Throws Error for an id that is not there.
  void remove(std::span<const std::string> ids);

  // Several steps that are seen together or not at all: stage them, then commit.

  /// Throws Error as remove does. An item that is staged afterwards may have one of these ids.
  void stage_removal(std::span<const std::string> ids);
  /// Writes the items beside the others. Throws Error as append does.
  void stage(const StoreItems& items);
  /// From here on what was staged is there. Throws Error if it cannot be written; then nothing is.
  void commit();
  /// The Store as it stands; it follows what is appended and removed here.
  const Store& store() const { return store_; }

 private:
  void check_id(const std::string& id) const;
  void drop_staged();
  StoreFile write_removed(size_t number) const;

  std::filesystem::path folder_;
  std::unique_ptr<FolderLock> lock_;
  Store store_;
  std::vector<StoreFile> staged_;  ///< shards without their line in the manifest
  std::set<std::string> staged_ids_;
  std::set<int64_t> staged_removal_;  ///< numbers
};

}  // namespace relata::io
