#include "relata/io/image/image.h"

#include <string>

#include "relata/base/error.h"

namespace relata::io {

std::string_view mode_name(ImageMode mode) {
  switch (mode) {
    case ImageMode::k1:
      return "1";
    case ImageMode::kL:
      return "L";
    case ImageMode::kLA:
      return "LA";
    case ImageMode::kI16:
      return "I;16";
    case ImageMode::kP:
      return "P";
    case ImageMode::kRGB:
      return "RGB";
    case ImageMode::kRGBA:
      return "RGBA";
    case ImageMode::kCMYK:
      return "CMYK";
  }
  return "";
}

int64_t pixel_bytes(ImageMode mode) {
  switch (mode) {
    case ImageMode::k1:
    case ImageMode::kL:
    case ImageMode::kP:
      return 1;
    case ImageMode::kLA:
    case ImageMode::kI16:
      return 2;
    case ImageMode::kRGB:
      return 3;
    case ImageMode::kRGBA:
    case ImageMode::kCMYK:
      return 4;
  }
  return 0;
}

std::span<const uint8_t> Image::row(int64_t y) const {
  return std::span(pixels).subspan(static_cast<std::size_t>(y * row_bytes()),
                                   static_cast<std::size_t>(row_bytes()));
}

std::span<uint8_t> Image::row(int64_t y) {
  return std::span(pixels).subspan(static_cast<std::size_t>(y * row_bytes()),
                                   static_cast<std::size_t>(row_bytes()));
}

Image make_image(int64_t width, int64_t height, ImageMode mode, int64_t pixel_limit) {
  if (width < 1 || height < 1 || width > pixel_limit / height) {
    throw Error({.what = "a picture of " + std::to_string(width) + " × " + std::to_string(height) +
                         " pixels cannot be made: sides are at least 1, pixels at most " +
                         std::to_string(pixel_limit),
                 .remedy = "give another size"});
  }
  Image image{.width = width, .height = height, .mode = mode};
  image.pixels.resize(static_cast<std::size_t>(height * image.row_bytes()));
  return image;
}

}  // namespace relata::io
