// A Store of a manifest and a shard, whatever they hold: opened, every item can be read, or it is
// refused by an Error. The input is the manifest, a zero byte, and the shard.
#include "relata/io/store.h"

#include "fuzz/fuzz.h"
#include "fuzz/store_files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  using namespace relata;
  const auto& folder = fuzz::write_store_files(data, size);
  fuzz::allow_error([&] {
    const io::Store store(folder);
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
