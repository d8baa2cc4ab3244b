// Whatever a checkpoint says, its tensors have the bytes that their shapes need.
#include "relata/io/torch_checkpoint.h"

#include "fuzz/fuzz.h"
#include "relata/io/dtype.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  using namespace relata;
  fuzz::allow_error([&] {
    const io::TorchContent content(fuzz::as_bytes(data, size), "fuzz");
    unsigned sum = 0;
    for (const io::TensorInfo& tensor : content.tensors()) {
      const int64_t expected = io::byte_count(tensor.dtype, tensor.shape, "fuzz");
      fuzz::require(tensor.bytes.size() == static_cast<std::size_t>(expected));
      if (!tensor.bytes.empty())
        sum += std::to_integer<unsigned>(tensor.bytes.front() ^ tensor.bytes.back());
    }
    fuzz::require(sum <= 255 * content.tensors().size());
  });
  return 0;
}
