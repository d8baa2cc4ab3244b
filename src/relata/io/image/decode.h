// JPEG, PNG and WebP files to pictures, pixel for pixel what Pillow 12.3.0 gives.
// docs/images.md states the outcome for each kind of file, whole or broken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "relata/io/image/image.h"

namespace relata::io {

enum class ImageFormat { kJpeg, kPng, kWebp };

/// Pixels that are accepted unless the caller says otherwise.
inline constexpr int64_t kPixelLimit = 40'000'000;

enum class DecodeMode {
  kExact,  ///< every pixel, as Pillow by default
  kFast,   ///< JPEG at 1/2, 1/4 or 1/8 of its size, where both sides stay at least the target's
};

/// All of these change results.
struct DecodeOptions {
  /// Turn the picture as its EXIF orientation says: a user's photographs. Presets of systems whose
  /// published code does not turn them say no.
  bool apply_exif = true;
  /// What is missing at the end of a JPEG becomes grey, of a PNG zero, as with Pillow's
  /// LOAD_TRUNCATED_IMAGES; damaged data are used as far as they go. Without it both are errors.
  bool allow_truncated = false;
  DecodeMode mode = DecodeMode::kExact;
  int64_t target_height = 0;  ///< of kFast: what the picture will be resized to,
  int64_t target_width = 0;   ///< as it is seen after it has been turned
  int64_t pixel_limit = kPixelLimit;
};

struct ImageHeader {
  ImageFormat format = ImageFormat::kJpeg;
  int64_t width = 0;  ///< as stored, before the EXIF orientation
  int64_t height = 0;
  int orientation = 1;  ///< EXIF's, 1 to 8; 1 if there is none or it cannot be read
};

/// The header alone; nothing is decoded. Throws Error naming `where` as decode_image does.
ImageHeader read_image_header(std::span<const std::byte> file, std::string_view where);

/// The picture in its own mode; of an animation, the first frame. Throws Error naming `where` for
/// another format, an empty, malformed, truncated or damaged file, and more than
/// `options.pixel_limit` pixels; the last before anything is allocated for them.
Image decode_image(std::span<const std::byte> file, std::string_view where,
                   const DecodeOptions& options = {});

/// decode_image of a file. Throws Error also if it cannot be read.
Image read_image(const std::filesystem::path& path, const DecodeOptions& options = {});

/// How two pictures of one size and mode differ: what `kFast` costs can be said in numbers.
struct PixelDifference {
  int largest = 0;
  double mean = 0;
};

/// Over all bytes. Throws Error if size or mode differ, or the mode is kP or kI16.
PixelDifference pixel_difference(const Image& a, const Image& b);

}  // namespace relata::io
