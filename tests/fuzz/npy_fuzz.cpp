// Whatever parses has bytes that match its shape, and converts to doubles or is refused by an
// Error.
#include "relata/io/npy.h"

#include <utility>

#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  using namespace relata;
  fuzz::allow_error([&] {
    const io::NpyContent content = io::parse_npy(fuzz::as_bytes(data, size), "fuzz");
    const int64_t expected = io::byte_count(content.dtype, content.shape, "fuzz");
    fuzz::require(std::cmp_equal(content.bytes.size(), expected));
    fuzz::require(io::normalised_bytes(content, "fuzz").size() == content.bytes.size());
    const io::NpyMatrix matrix = io::npy_matrix_as_double(content, "fuzz");
    fuzz::require(std::cmp_equal(matrix.values.size(), matrix.rows * matrix.columns));
  });
  return 0;
}
