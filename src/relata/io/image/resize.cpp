#include "relata/io/image/resize.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "relata/base/error.h"
#include "relata/io/image/convert.h"
#include "relata/io/image/resample.h"
#include "relata/io/utf8.h"

namespace relata::io {
namespace {

constexpr std::array<std::pair<ResizeFilter, std::string_view>, 6> kFilters = {{
    {ResizeFilter::kNearest, "nearest"},
    {ResizeFilter::kBox, "box"},
    {ResizeFilter::kBilinear, "bilinear"},
    {ResizeFilter::kHamming, "hamming"},
    {ResizeFilter::kBicubic, "bicubic"},
    {ResizeFilter::kLanczos, "lanczos"},
}};

/// The input of each output. Pillow adds up the scale for bytes and multiplies for 16 bits, which
/// differ in the last bit of a double.
std::vector<int64_t> nearest(int64_t in, int64_t out, bool adds_up) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  std::vector<int64_t> sources(static_cast<std::size_t>(out));
  double place = scale * 0.5;
  for (int64_t o = 0; o < out; ++o, place += scale) {
    const double exact = adds_up ? place : scale * (static_cast<double>(o) + 0.5);
    sources[static_cast<std::size_t>(o)] = std::min(static_cast<int64_t>(exact), in - 1);
  }
  return sources;
}

/// Before anything that grows with the size.
void check_size(int64_t width, int64_t height, ImageMode mode) {
  constexpr int64_t kMostBytes = int64_t{1} << 31U;
  if (width >= 1 && height >= 1 && width <= kMostBytes / height / pixel_bytes(mode)) return;
  throw Error({.what = "cannot resize to " + std::to_string(width) + " × " +
                       std::to_string(height) + " pixels: sides are at least 1, bytes at most " +
                       std::to_string(kMostBytes),
               .remedy = "give another size"});
}

Image resize_nearest(const Image& image, int64_t width, int64_t height) {
  const bool adds_up = image.mode != ImageMode::kI16;
  const std::vector<int64_t> columns = nearest(image.width, width, adds_up);
  const std::vector<int64_t> rows = nearest(image.height, height, adds_up);
  Image out = make_image(width, height, image.mode);
  const auto bytes = static_cast<std::size_t>(pixel_bytes(image.mode));
  uint8_t* to = out.pixels.data();
  for (const int64_t y : rows) {
    const uint8_t* from = image.row(y).data();
    for (const int64_t x : columns) {
      std::memcpy(to, from + static_cast<std::size_t>(x) * bytes, bytes);
      to += bytes;
    }
  }
  out.palette = image.palette;
  return out;
}

}  // namespace

std::string_view filter_name(ResizeFilter filter) {
  return std::ranges::find(kFilters, filter, [](const auto& entry) { return entry.first; })->second;
}

ResizeFilter filter_of(std::string_view name) {
  for (const auto& [filter, known] : kFilters) {
    if (known == name) return filter;
  }
  throw Error({.what = "there is no filter " + excerpt(name),
               .remedy = "use nearest, box, bilinear, hamming, bicubic or lanczos"});
}

Image resize(const Image& image, int64_t width, int64_t height, ResizeFilter filter,
             PassOrder order) {
  check_size(width, height, image.mode);
  if (width == image.width && height == image.height) return image;
  if (image.mode == ImageMode::k1 || image.mode == ImageMode::kP ||
      filter == ResizeFilter::kNearest) {
    return resize_nearest(image, width, height);
  }
  const Resampling to{.width = width, .height = height, .filter = filter, .order = order};
  const Window whole{.width = width, .height = height};
  switch (image.mode) {
    case ImageMode::kI16:
      return resampled_16(image, to);
    case ImageMode::kLA:
    case ImageMode::kRGBA:
      return unpremultiplied(resampled_window(premultiplied(image), to, whole));
    default:
      return resampled_window(image, to, whole);
  }
}

Image crop(const Image& image, const Window& window) {
  Image out = make_image(window.width, window.height, image.mode);
  out.palette = image.palette;
  const int64_t left = std::clamp<int64_t>(window.x, 0, image.width);
  const int64_t right = std::clamp<int64_t>(window.x + window.width, left, image.width);
  const int64_t top = std::clamp<int64_t>(window.y, 0, image.height);
  const int64_t bottom = std::clamp<int64_t>(window.y + window.height, top, image.height);
  const int64_t bytes = pixel_bytes(image.mode);
  for (int64_t y = top; y < bottom; ++y) {
    std::memcpy(out.row(y - window.y).data() + (left - window.x) * bytes,
                image.row(y).data() + left * bytes,
                static_cast<std::size_t>((right - left) * bytes));
  }
  return out;
}

}  // namespace relata::io
