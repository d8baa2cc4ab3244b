// The headers of a ZIP archive: where its entries lie, checked against each other.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "relata/io/zip.h"

namespace relata::io {

/// The entries in the order of the central directory; see ZipArchive for what is refused
/// (duplicate names are not looked for here). Throws Error.
std::vector<ZipEntry> read_zip_directory(std::span<const std::byte> file, std::string_view where,
                                         const ZipOptions& options);

}  // namespace relata::io
