// Between modes, exactly as Pillow's Image.convert.
#pragma once

#include "relata/io/image/image.h"

namespace relata::io {

/// As convert("RGB"): alpha is dropped, not blended; a palette's colours are looked up (an index
/// beyond it is black); 16-bit grey is cut off at 255, not scaled; CMYK by Pillow's formula,
/// without a colour profile.
Image to_rgb(const Image& image);
Image to_rgb(Image&& image);  ///< an RGB picture is handed on

/// As convert("L"): luma (19595 R + 38470 G + 7471 B + 32768) >> 16 of the colours that to_rgb
/// gives; of CMYK too. Alpha is dropped, 16-bit grey cut off at 255.
Image to_luma(const Image& image);

/// LA and RGBA with colours multiplied by alpha, and back, as Pillow's modes La and RGBa: round(c·a
/// / 255), and floor(255·c / a) up to 255. The mode's name does not change. Throws Error for
/// another mode.
Image premultiplied(Image image);
Image unpremultiplied(Image image);

/// Throws Error naming the mode unless it is `expected`.
void require_mode(const Image& image, ImageMode expected, const char* doing);

}  // namespace relata::io
