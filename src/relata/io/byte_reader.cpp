#include "relata/io/byte_reader.h"

#include <utility>

namespace relata::io {

Error ByteReader::fault(std::string what) const {
  return Error({.what = std::move(what),
                .where = where_,
                .remedy = "the file is damaged or cut off; fetch or write it again"});
}

void ByteReader::require(uint64_t length, std::string_view what) const {
  if (length <= left()) return;
  throw fault(std::string(what) + " at byte " + std::to_string(at_) + " needs " +
              std::to_string(length) + " bytes, but " + std::to_string(left()) + " are left");
}

}  // namespace relata::io
