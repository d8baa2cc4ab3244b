// TFRecord framing: a length and a payload, each followed by a masked CRC-32C, so that a torn end
// is noticed. Source: tensorflow/core/lib/io/record_writer.h and lib/hash/crc32c.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace relata::report {

/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78); "123456789" gives 0xE3069283.
std::uint32_t crc32c(std::string_view bytes);

/// length (8 bytes, little endian), masked CRC of those, payload, masked CRC of the payload;
/// masked(c) = rotate_right(c, 15) + 0xA282EAD8.
std::string tfrecord(std::string_view payload);

/// The `bytes` lowest bytes of `value`, lowest first.
std::string little_endian(std::uint64_t value, int bytes);

}  // namespace relata::report
