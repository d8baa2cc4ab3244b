// Whatever the directory says, entries lie within the archive and inflate to what they state.
#include "relata/io/zip.h"

#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  using namespace relata;
  fuzz::allow_error([&] {
    // The first byte decides whether checksums count: a fuzzer does not guess them.
    if (size == 0) return;
    const io::ZipArchive archive(
        fuzz::as_bytes(data + 1, size - 1), "fuzz",
        {.entry_limit = 64, .size_limit = 1U << 16U, .check_crc = (data[0] & 1U) != 0});
    uint64_t packed = 0;
    for (const io::ZipEntry& entry : archive.entries()) {
      packed += entry.packed_size;
      fuzz::require(archive.find(entry.name) == &entry);
      fuzz::allow_error([&] {
        const io::ZipContent content = archive.bytes(entry);
        fuzz::require(content.bytes().size() == entry.size);
      });
    }
    fuzz::require(packed < size);
  });
  return 0;
}
