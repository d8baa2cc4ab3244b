// What decode.h is made of: one decoder a format. Private to this folder.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "relata/base/error.h"
#include "relata/io/image/decode.h"

namespace relata::io {

/// Throws Error naming `where` if there are more pixels than allowed, or none.
void check_pixels(int64_t width, int64_t height, int64_t limit, std::string_view where);

/// The error for a file that breaks its format's rules.
Error damaged_picture(std::string_view format, std::string_view reason, std::string_view where);

/// The error for a file that ends too early.
Error truncated_picture(std::string_view format, std::string_view where);

ImageHeader read_png_header(std::span<const std::byte> file, std::string_view where);
Image decode_png(std::span<const std::byte> file, std::string_view where,
                 const DecodeOptions& options);

ImageHeader read_webp_header(std::span<const std::byte> file, std::string_view where);
Image decode_webp(std::span<const std::byte> file, std::string_view where,
                  const DecodeOptions& options);

ImageHeader read_jpeg_header(std::span<const std::byte> file, std::string_view where);
Image decode_jpeg(std::span<const std::byte> file, std::string_view where,
                  const DecodeOptions& options);

}  // namespace relata::io
