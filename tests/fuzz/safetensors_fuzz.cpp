// Whatever parses has tensors that fill their bytes, and reading every byte of them is safe.
#include "relata/io/safetensors.h"

#include <utility>

#include "fuzz/fuzz.h"

namespace {

using namespace relata;

void check(const io::TensorInfo& tensor) {
  const int64_t expected = io::byte_count(tensor.dtype, tensor.shape, "fuzz");
  fuzz::require(std::cmp_equal(tensor.bytes.size(), expected));
  volatile unsigned sum = 0;
  for (const std::byte b : tensor.bytes) sum = sum + std::to_integer<unsigned>(b);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  fuzz::allow_error([&] {
    const io::SafetensorsContent content =
        io::parse_safetensors(fuzz::as_bytes(data, size), "fuzz");
    for (const io::TensorInfo& tensor : content.tensors) check(tensor);
  });
  return 0;
}
