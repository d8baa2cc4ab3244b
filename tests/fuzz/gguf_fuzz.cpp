// Whatever the header says, tensors lie within the file, and known ones have all their values.
#include "relata/io/gguf.h"

#include <vector>

#include "fuzz/fuzz.h"
#include "relata/io/dtype.h"
#include "relata/io/gguf_values.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  using namespace relata;
  fuzz::allow_error([&] {
    const auto file = fuzz::as_bytes(data, size);
    const io::GgufContent content = io::parse_gguf(file, "fuzz");
    std::size_t total = 0;
    for (const io::GgufTensor& tensor : content.tensors) {
      total += tensor.bytes.size();
      fuzz::require(tensor.bytes.empty() ||
                    (tensor.bytes.data() >= file.data() &&
                     tensor.bytes.data() + tensor.bytes.size() <= file.data() + size));
      if (!io::has_float_values(*tensor.type)) continue;
      std::vector<float> values(static_cast<std::size_t>(io::element_count(tensor.shape, "fuzz")));
      io::float_values(tensor, "fuzz", values);
    }
    fuzz::require(total < size);
  });
  return 0;
}
