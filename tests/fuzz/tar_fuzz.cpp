// Members lie within the archive, one behind the other, under names that stay inside it.
#include "relata/io/tar.h"

#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  using namespace relata;
  fuzz::allow_error([&] {
    const auto members = io::parse_tar(fuzz::as_bytes(data, size), "fuzz");
    uint64_t end = 0;
    for (const io::TarMember& member : members) {
      fuzz::require(member.offset >= end && !member.name.empty() && member.name[0] != '/');
      end = member.offset + member.size;
      fuzz::require(end >= member.offset && end <= size);
    }
    io::group_samples(members, "fuzz");
  });
  return 0;
}
