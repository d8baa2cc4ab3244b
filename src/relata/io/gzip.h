// gzip streams in memory, decompressed whole and within a size limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace relata::io {

/// Decompressed bytes that are accepted unless the caller says otherwise: a small file may unpack
/// to any size.
inline constexpr uint64_t kGunzipLimit = uint64_t{8} << 30U;

/// Whether `bytes` start like a gzip stream.
bool is_gzip(std::span<const std::byte> bytes);

/// All members of a gzip stream, one after the other; zero padding behind the last one is skipped.
/// Throws Error naming `where` if the stream is cut off, corrupt (checksums included), followed by
/// anything else, or larger than `limit` bytes when decompressed.
std::string gunzip(std::span<const std::byte> bytes, std::string_view where,
                   uint64_t limit = kGunzipLimit);

}  // namespace relata::io
