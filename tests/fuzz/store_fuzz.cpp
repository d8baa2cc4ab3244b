// A Store of a manifest and a shard, whatever they hold: opened, every item can be read, or it is
// refused by an Error. The input is the manifest, a zero byte, and the shard.
#include "relata/io/store.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "fuzz/fuzz.h"

namespace {

std::filesystem::path folder() {
  static const std::filesystem::path path = [] {
    auto made = std::filesystem::temp_directory_path() / ("store_fuzz_" + std::to_string(getpid()));
    std::filesystem::create_directories(made);
    return made;
  }();
  return path;
}

void put(const char* name, const uint8_t* begin, const uint8_t* end) {
  std::ofstream(folder() / name, std::ios::binary)
      .write(reinterpret_cast<const char*>(begin), end - begin);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  using namespace relata;
  const uint8_t* end = data + size;
  const uint8_t* cut = std::find(data, end, uint8_t{0});
  put("store.json", data, cut);
  put("shard-000000.safetensors", cut == end ? end : cut + 1, end);
  fuzz::allow_error([&] {
    const io::Store store(folder());
    for (int64_t item = 0; item < store.size(); ++item) {
      fuzz::require(store.find(store.id(item)) == item);
      for (size_t column = 0; column < store.schema().columns.size(); ++column) {
        unsigned sum = 0;
        for (const std::byte byte : store.bytes(item, column)) sum += static_cast<unsigned>(byte);
        fuzz::require(store.length(item, column) >= 0 && sum < ~0U);
      }
    }
  });
  return 0;
}
