// What the fuzz targets of all picture formats do.
#pragma once

#include "fuzz/fuzz.h"
#include "relata/io/image/convert.h"
#include "relata/io/image/decode.h"
#include "relata/io/image/exif.h"

namespace relata::fuzz {

inline void check(const io::Image& image, int64_t limit) {
  require(image.width > 0 && image.height > 0 && image.width * image.height <= limit);
  require(image.pixels.size() == static_cast<std::size_t>(image.height * image.row_bytes()));
  require(io::to_rgb(image).pixels.size() ==
          static_cast<std::size_t>(image.width * image.height * 3));
}

inline void decode_picture(const uint8_t* data, std::size_t size) {
  constexpr int64_t kLimit = 1 << 14;
  const auto file = as_bytes(data, size);
  allow_error([&] {
    const io::Image image = io::decode_image(file, "fuzz", {.pixel_limit = kLimit});
    check(image, kLimit);
    const io::ImageHeader header = io::read_image_header(file, "fuzz");
    const bool exchanged = io::orientation_exchanges_sides(header.orientation);
    require((exchanged ? header.height : header.width) == image.width);
  });
  allow_error([&] {
    check(io::decode_image(file, "fuzz",
                           {.allow_truncated = true,
                            .mode = io::DecodeMode::kFast,
                            .target_height = 2,
                            .target_width = 2,
                            .pixel_limit = kLimit}),
          kLimit);
  });
}

}  // namespace relata::fuzz
