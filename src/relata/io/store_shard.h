// One shard of a Store: a safetensors file with ids, and of each column its values and, where it is
// ragged, its offsets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "relata/io/safetensors.h"
#include "relata/io/store_manifest.h"

namespace relata::io {

/// Offsets that need not be aligned in the file: [items + 1], from 0 to the number of elements.
class Offsets {
 public:
  /// Throws Error naming `where` unless they begin at 0, do not fall, and end at `end`.
  Offsets(const TensorInfo& tensor, int64_t items, int64_t end, std::string_view where);
  int64_t operator[](int64_t item) const;

 private:
  std::span<const std::byte> bytes_;
};

class StoreShard {
 public:
  /// Throws Error naming the file for a size that is not the manifest's, and tensors that are
  /// missing, unexpected, or contradict the schema or each other.
  StoreShard(const std::filesystem::path& path, const StoreFile& file, const StoreSchema& schema);

  int64_t size() const { return items_; }
  std::string_view id(int64_t row) const;
  int64_t length(int64_t row, size_t column) const;
  std::span<const std::byte> bytes(int64_t row, size_t column) const;
  /// Of all rows, one after the other.
  std::span<const std::byte> all_bytes(size_t column) const { return columns_.at(column).values; }

 private:
  struct Column {
    std::span<const std::byte> values;
    int64_t element_bytes = 0;
    std::vector<Offsets> offsets;  ///< one, or none
  };

  SafetensorsFile file_;
  int64_t items_;
  std::string_view ids_;
  std::vector<Offsets> id_offsets_;  ///< one
  std::vector<Column> columns_;
};

/// Writes a shard atomically and says what the manifest must hold. Throws Error for items that do
/// not fit the schema.
StoreFile write_shard(const std::filesystem::path& path, const StoreItems& items,
                      const StoreSchema& schema);

}  // namespace relata::io
