// A folder with the two files of a Store, for targets whose input is both.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace relata::fuzz {

/// Writes what stands before the first zero byte as the manifest and the rest as the one shard.
/// The folder is this process's own and the same each time.
inline const std::filesystem::path& write_store_files(const uint8_t* data, std::size_t size) {
  static const std::filesystem::path folder = [] {
    auto made = std::filesystem::temp_directory_path() / ("store_fuzz_" + std::to_string(getpid()));
    std::filesystem::create_directories(made);
    return made;
  }();
  const auto put = [](const char* name, const uint8_t* begin, const uint8_t* end) {
    std::ofstream(folder / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(begin), end - begin);
  };
  const uint8_t* end = data + size;
  const uint8_t* cut = std::find(data, end, uint8_t{0});
  put("store.json", data, cut);
  put("shard-000000.safetensors", cut == end ? end : cut + 1, end);
  return folder;
}

}  // namespace relata::fuzz
