#include "relata/io/image/decode.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/io/image/formats.h"

namespace relata::io {
namespace {

using Bytes = std::span<const std::byte>;

bool has_at(Bytes file, std::size_t at, std::string_view text) {
  return file.size() >= at + text.size() &&
         std::memcmp(file.data() + at, text.data(), text.size()) == 0;
}

ImageFormat format_of(Bytes file, std::string_view where) {
  if (has_at(file, 0, "\xFF\xD8\xFF")) return ImageFormat::kJpeg;
  if (has_at(file, 0, "\x89PNG\r\n\x1A\n")) return ImageFormat::kPng;
  if (has_at(file, 0, "RIFF") && has_at(file, 8, "WEBP")) return ImageFormat::kWebp;
  throw Error({.what = file.empty() ? "is empty, expected a picture"
                                    : "is no picture that can be read: JPEG, PNG or WebP",
               .where = std::string(where),
               .remedy = "convert it to JPEG or PNG"});
}

}  // namespace

void check_pixels(int64_t width, int64_t height, int64_t limit, std::string_view where) {
  if (width < 1 || height < 1) {
    throw Error({.what = "is a picture of " + std::to_string(width) + " × " +
                         std::to_string(height) + " pixels",
                 .where = std::string(where),
                 .remedy = "give a picture that is not empty"});
  }
  if (width <= limit / height) return;
  throw Error({.what = "has " + std::to_string(width) + " × " + std::to_string(height) +
                       " pixels, more than " + std::to_string(limit),
               .where = std::string(where),
               .remedy = "scale it down, or raise the limit"});
}

Error damaged_picture(std::string_view format, std::string_view reason, std::string_view where) {
  return Error(
      {.what = "is a damaged " + std::string(format) + " file (" + std::string(reason) + ")",
       .where = std::string(where),
       .remedy = "fetch or save the picture again"});
}

Error truncated_picture(std::string_view format, std::string_view where) {
  return Error({.what = "is a truncated " + std::string(format) + " file",
                .where = std::string(where),
                .remedy = "fetch the picture again, or allow truncated pictures"});
}

ImageHeader read_image_header(Bytes file, std::string_view where) {
  switch (format_of(file, where)) {
    case ImageFormat::kJpeg:
      return read_jpeg_header(file, where);
    case ImageFormat::kPng:
      return read_png_header(file, where);
    case ImageFormat::kWebp:
      break;
  }
  return read_webp_header(file, where);
}

Image decode_image(Bytes file, std::string_view where, const DecodeOptions& options) {
  switch (format_of(file, where)) {
    case ImageFormat::kJpeg:
      return decode_jpeg(file, where, options);
    case ImageFormat::kPng:
      return decode_png(file, where, options);
    case ImageFormat::kWebp:
      break;
  }
  return decode_webp(file, where, options);
}

Image read_image(const std::filesystem::path& path, const DecodeOptions& options) {
  const MappedFile file(path);
  return decode_image(file.bytes(), path.string(), options);
}

PixelDifference pixel_difference(const Image& a, const Image& b) {
  const bool countable = a.mode != ImageMode::kP && a.mode != ImageMode::kI16;
  if (a.width != b.width || a.height != b.height || a.mode != b.mode || !countable) {
    throw Error({.what = "two pictures of different size or mode, or of mode P or I;16, have no "
                         "difference",
                 .remedy = "convert and resize both first"});
  }
  PixelDifference difference;
  int64_t sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    const int one = std::abs(a.pixels[i] - b.pixels[i]);
    difference.largest = std::max(difference.largest, one);
    sum += one;
  }
  difference.mean = static_cast<double>(sum) / static_cast<double>(a.pixels.size());
  return difference;
}

}  // namespace relata::io
