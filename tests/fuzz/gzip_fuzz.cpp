// Decompression stays within its limit whatever the stream says.
#include "relata/io/gzip.h"

#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  using namespace relata;
  constexpr uint64_t kLimit = 1U << 16U;
  fuzz::allow_error([&] {
    const std::string text = io::gunzip(fuzz::as_bytes(data, size), "fuzz", kLimit);
    fuzz::require(text.size() <= kLimit);
  });
  return 0;
}
