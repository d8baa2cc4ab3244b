// store.json: what a Store consists of.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "relata/io/store.h"

namespace relata::io {

struct StoreFile {
  std::string name;  ///< beside the manifest
  uint64_t bytes = 0;
  std::string hash;   ///< XXH3 of its content
  int64_t count = 0;  ///< items of a shard, numbers of a list of removed ones
};

struct StoreManifest {
  StoreSchema schema;
  std::vector<StoreFile> shards;   ///< in the order in which they were appended
  std::vector<StoreFile> removed;  ///< numbers of removed items, counted over all shards
};

/// Throws Error with file and key for anything that is malformed, of another format or a later
/// version.
StoreManifest read_manifest(const std::filesystem::path& path);

/// Replaces the file atomically.
void write_manifest(const std::filesystem::path& path, const StoreManifest& manifest);

}  // namespace relata::io
