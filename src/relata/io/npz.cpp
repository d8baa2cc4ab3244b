#include "relata/io/npz.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/npy.h"
#include "relata/io/utf8.h"

namespace relata::io {
namespace {

constexpr std::string_view kSuffix = ".npy";

/// Whether elements of `dtype` may be read where they lie.
bool is_aligned(std::span<const std::byte> bytes, DType dtype) {
  const auto width = static_cast<std::uintptr_t>(std::max(dtype_bits(dtype) / 8, 1));
  return reinterpret_cast<std::uintptr_t>(bytes.data()) % width == 0;
}

}  // namespace

NpzContent::NpzContent(std::span<const std::byte> file, std::string_view where) {
  const ZipArchive archive(file, where);
  for (const ZipEntry& entry : archive.entries()) {
    const std::string place = std::string(where) + ": " + excerpt(entry.name);
    if (!entry.name.ends_with(kSuffix)) {
      throw Error({.what = "is no .npy file, expected arrays alone",
                   .where = place,
                   .remedy = "write the archive with numpy.savez"});
    }
    members_.push_back(archive.bytes(entry));
    NpyContent array = parse_npy(members_.back().bytes(), place);
    TensorInfo info{.name = entry.name.substr(0, entry.name.size() - kSuffix.size()),
                    .dtype = array.dtype,
                    .shape = array.shape,
                    .bytes = array.bytes};
    if (needs_conversion(array) || !is_aligned(array.bytes, array.dtype)) {
      copies_.push_back(normalised_bytes(array, place));
      info.bytes = copies_.back();
    }
    arrays_.push_back(std::move(info));
  }
}

}  // namespace relata::io
