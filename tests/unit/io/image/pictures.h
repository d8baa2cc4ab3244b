// Pictures by formula, and their checksums.
#pragma once

#include <zlib.h>

#include "relata/io/image/decode.h"
#include "relata/io/image/image.h"
#include "support/repository.h"
#include "unit/io/support.h"

namespace relata::io {

inline uint32_t crc(std::span<const uint8_t> bytes) {
  return static_cast<uint32_t>(crc32_z(0, bytes.data(), bytes.size()));
}

/// Byte of row i, column j, channel c: (37i + 11j + 101c + 13·((i·j) mod 7)) mod 256 (irra.md
/// §9.5).
inline Image formula(int64_t width, int64_t height, ImageMode mode = ImageMode::kRGB) {
  Image image = make_image(width, height, mode);
  const int64_t channels = pixel_bytes(mode);
  for (int64_t k = 0; k < static_cast<int64_t>(image.pixels.size()); ++k) {
    const int64_t i = k / channels / width;
    const int64_t j = k / channels % width;
    image.pixels[static_cast<std::size_t>(k)] =
        static_cast<uint8_t>(37 * i + 11 * j + 101 * (k % channels) + 13 * (i * j % 7));
  }
  return image;
}

/// A grey picture of these levels.
inline Image grey(int64_t width, std::vector<uint8_t> levels) {
  return {.width = width,
          .height = static_cast<int64_t>(levels.size()) / width,
          .mode = ImageMode::kL,
          .pixels = std::move(levels)};
}

/// The pictures that the fuzzer starts from, made by Pillow 12.3.0.
inline std::string sample(const std::string& name) {
  return read_file(test::repository() / "tests/fuzz/seeds" / name);
}

}  // namespace relata::io
