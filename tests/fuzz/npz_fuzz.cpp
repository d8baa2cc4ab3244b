// Whatever an archive says, its arrays have the bytes that their shapes need.
#include "relata/io/npz.h"

#include "fuzz/fuzz.h"
#include "relata/io/dtype.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  using namespace relata;
  fuzz::allow_error([&] {
    const io::NpzContent content(fuzz::as_bytes(data, size), "fuzz");
    for (const io::TensorInfo& array : content.arrays()) {
      const int64_t expected = io::byte_count(array.dtype, array.shape, "fuzz");
      fuzz::require(array.bytes.size() == static_cast<std::size_t>(expected));
    }
  });
  return 0;
}
