// A decoded picture in its own mode: what Pillow calls an Image, as a value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace relata::io {

/// Pillow's modes, of those formats that are read here.
enum class ImageMode {
  k1,     ///< black and white: 0 or 255, a byte a pixel
  kL,     ///< grey
  kLA,    ///< grey, alpha
  kI16,   ///< grey of 16 bits: two bytes a pixel, the low one first ("I;16")
  kP,     ///< index into the palette
  kRGB,   ///< red, green, blue
  kRGBA,  ///< red, green, blue, alpha (not premultiplied)
  kCMYK,  ///< cyan, magenta, yellow, black; 255 is full ink
};

/// Pillow's name.
std::string_view mode_name(ImageMode mode);

/// Bytes of a pixel: one for each channel, two for kI16.
int64_t pixel_bytes(ImageMode mode);

struct Image {
  int64_t width = 0;
  int64_t height = 0;
  ImageMode mode = ImageMode::kRGB;
  std::vector<uint8_t> pixels = {};   ///< [height, width, pixel_bytes]
  std::vector<uint8_t> palette = {};  ///< of kP alone: [colours ≤ 256, red green blue]

  int64_t row_bytes() const { return width * pixel_bytes(mode); }
  std::span<const uint8_t> row(int64_t y) const;
  std::span<uint8_t> row(int64_t y);

  bool operator==(const Image&) const = default;
};

/// A picture of that size and mode, all bytes 0. Throws Error for a side below 1 and for more
/// pixels than `pixel_limit`.
Image make_image(int64_t width, int64_t height, ImageMode mode,
                 int64_t pixel_limit = int64_t{1} << 31U);

}  // namespace relata::io
