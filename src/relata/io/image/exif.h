// The one EXIF tag that changes a picture: how it has to be turned to be seen upright.
#pragma once

#include <cstddef>
#include <span>

#include "relata/io/image/image.h"

namespace relata::io {

/// The orientation of an EXIF block (TIFF structure, with or without "Exif\0\0" before it): 1 to 8,
/// and 1 for a block that has none or cannot be read. Source: CIPA DC-008, tag 0x0112.
int exif_orientation(std::span<const std::byte> block);

/// Whether that orientation exchanges width and height.
constexpr bool orientation_exchanges_sides(int orientation) { return orientation >= 5; }

/// The picture turned upright, as Pillow's ImageOps.exif_transpose.
Image oriented(Image image, int orientation);

}  // namespace relata::io
