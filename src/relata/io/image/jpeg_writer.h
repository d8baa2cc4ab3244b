// Pictures to JPEG files, for pages that carry their thumbnails.
#pragma once

#include <string>

#include "relata/io/image/image.h"

namespace relata::io {

/// The bytes of a baseline JPEG. `quality`: 1 to 100, libjpeg's scale. Throws Error for a mode
/// other than kRGB and kL, another quality, and sides beyond 65,500.
std::string encode_jpeg(const Image& image, int quality);

}  // namespace relata::io
