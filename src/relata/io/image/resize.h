// Resizing, bit for bit as Pillow 12.3.0's Image.resize.
#pragma once

#include <string_view>

#include "relata/io/image/image.h"

namespace relata::io {

/// The numbers are Pillow's, as they stand in preprocessor_config.json.
enum class ResizeFilter {
  kNearest = 0,
  kLanczos = 1,
  kBilinear = 2,
  kBicubic = 3,
  kBox = 4,
  kHamming = 5,
};

/// "nearest", "lanczos", "bilinear", "bicubic", "box", "hamming".
std::string_view filter_name(ResizeFilter filter);

/// The reverse. Throws Error with the names for any other.
ResizeFilter filter_of(std::string_view name);

/// Which pass comes first, when both sides change: the two orders round differently.
enum class PassOrder {
  /// Up to 12.3: horizontal; but vertical for h > 100·w and H < h (w, h before, W, H after).
  kPillow12,
  /// 13.0: vertical if h − H > 0 and h − H > 2·(w − W), else horizontal.
  kPillow13,
};

/// The picture at another size, in its own mode: P and 1 by nearest neighbour whatever `filter`
/// says, LA and RGBA through premultiplied colours, I;16 in doubles. Equal sizes give a copy.
/// Throws Error for a side below 1 or beyond 2³¹ bytes of result.
Image resize(const Image& image, int64_t width, int64_t height, ResizeFilter filter,
             PassOrder order = PassOrder::kPillow12);

/// Part of a picture.
struct Window {
  int64_t x = 0;
  int64_t y = 0;
  int64_t width = 0;
  int64_t height = 0;

  bool operator==(const Window&) const = default;
};

/// That part; it may reach beyond the picture, where pixels are 0, as Pillow's Image.crop.
Image crop(const Image& image, const Window& window);

}  // namespace relata::io
