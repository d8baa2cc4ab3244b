// Whatever the file says: a picture within the bound, of the size that its header states, or an
// Error.
#include "fuzz/picture.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  relata::fuzz::decode_picture(data, size);
  return 0;
}
