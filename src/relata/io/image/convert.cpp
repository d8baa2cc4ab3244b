#include "relata/io/image/convert.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "relata/base/error.h"

namespace relata::io {
namespace {

struct Colour {
  uint8_t red = 0;
  uint8_t green = 0;
  uint8_t blue = 0;
};

/// round(a·b / 255) for bytes.
constexpr int times(int a, int b) {
  const int product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

constexpr uint8_t luma(const Colour& colour) {
  return static_cast<uint8_t>(
      (colour.red * 19595 + colour.green * 38470 + colour.blue * 7471 + 0x8000) >> 16);
}

constexpr Colour grey(uint8_t level) { return {level, level, level}; }

constexpr uint8_t cut_to_byte(const uint8_t* pixel) { return pixel[1] != 0 ? 255 : pixel[0]; }

/// c of CMYK gives red (255 − k) − c·(255 − k)/255, and so on.
constexpr Colour colour_of_ink(const uint8_t* pixel) {
  const int light = 255 - pixel[3];
  const auto channel = [light](int ink) {
    return static_cast<uint8_t>(std::clamp(light - times(ink, light), 0, 255));
  };
  return {channel(pixel[0]), channel(pixel[1]), channel(pixel[2])};
}

std::array<Colour, 256> colours_of(const Image& image) {
  std::array<Colour, 256> colours{};
  for (std::size_t i = 0; i < colours.size() && 3 * i + 2 < image.palette.size(); ++i) {
    colours[i] = {image.palette[3 * i], image.palette[3 * i + 1], image.palette[3 * i + 2]};
  }
  return colours;
}

/// Calls put(colour) for each pixel.
template <typename Put>
void for_each_colour(const Image& image, const Put& put) {
  const uint8_t* pixel = image.pixels.data();
  const uint8_t* end = pixel + image.pixels.size();
  switch (image.mode) {
    case ImageMode::k1:
    case ImageMode::kL:
      for (; pixel != end; ++pixel) put(grey(*pixel));
      return;
    case ImageMode::kLA:
      for (; pixel != end; pixel += 2) put(grey(*pixel));
      return;
    case ImageMode::kI16:
      for (; pixel != end; pixel += 2) put(grey(cut_to_byte(pixel)));
      return;
    case ImageMode::kP: {
      const std::array<Colour, 256> colours = colours_of(image);
      for (; pixel != end; ++pixel) put(colours[*pixel]);
      return;
    }
    case ImageMode::kRGB:
      for (; pixel != end; pixel += 3) put(Colour{pixel[0], pixel[1], pixel[2]});
      return;
    case ImageMode::kRGBA:
      for (; pixel != end; pixel += 4) put(Colour{pixel[0], pixel[1], pixel[2]});
      return;
    case ImageMode::kCMYK:
      for (; pixel != end; pixel += 4) put(colour_of_ink(pixel));
      return;
  }
}

bool is_grey(ImageMode mode) {
  return mode == ImageMode::k1 || mode == ImageMode::kL || mode == ImageMode::kLA ||
         mode == ImageMode::kI16;
}

/// Calls change(colours, alpha) for each pixel of LA or RGBA.
template <typename Change>
Image with_alpha_applied(Image image, const Change& change) {
  const bool grey_alpha = image.mode == ImageMode::kLA;
  if (!grey_alpha) require_mode(image, ImageMode::kRGBA, "multiply by alpha");
  const std::size_t colours = grey_alpha ? 1 : 3;
  for (std::size_t at = 0; at < image.pixels.size(); at += colours + 1) {
    const int alpha = image.pixels[at + colours];
    for (std::size_t c = at; c < at + colours; ++c) {
      image.pixels[c] = static_cast<uint8_t>(change(image.pixels[c], alpha));
    }
  }
  return image;
}

}  // namespace

void require_mode(const Image& image, ImageMode expected, const char* doing) {
  if (image.mode == expected) return;
  throw Error({.what = "a picture of mode " + std::string(mode_name(image.mode)) +
                       " was given to " + doing + ", which needs " +
                       std::string(mode_name(expected)),
               .remedy = "convert the picture first"});
}

Image to_rgb(const Image& image) {
  if (image.mode == ImageMode::kRGB) return image;
  Image rgb = make_image(image.width, image.height, ImageMode::kRGB);
  uint8_t* out = rgb.pixels.data();
  for_each_colour(image, [&out](const Colour& colour) {
    out[0] = colour.red;
    out[1] = colour.green;
    out[2] = colour.blue;
    out += 3;
  });
  return rgb;
}

Image to_rgb(Image&& image) {
  if (image.mode == ImageMode::kRGB) return std::move(image);
  return to_rgb(std::as_const(image));
}

Image to_luma(const Image& image) {
  if (image.mode == ImageMode::kL) return image;
  Image grey_image = make_image(image.width, image.height, ImageMode::kL);
  uint8_t* out = grey_image.pixels.data();
  if (is_grey(image.mode)) {
    for_each_colour(image, [&out](const Colour& colour) { *out++ = colour.red; });
  } else {
    for_each_colour(image, [&out](const Colour& colour) { *out++ = luma(colour); });
  }
  return grey_image;
}

Image premultiplied(Image image) {
  return with_alpha_applied(std::move(image),
                            [](int colour, int alpha) { return times(colour, alpha); });
}

Image unpremultiplied(Image image) {
  return with_alpha_applied(std::move(image), [](int colour, int alpha) {
    return alpha == 0 || alpha == 255 ? colour : std::min(255 * colour / alpha, 255);
  });
}

}  // namespace relata::io
