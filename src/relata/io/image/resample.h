// A resized picture, or a window of it, without computing the rest.
#pragma once

#include "relata/io/image/resize.h"

namespace relata::io {

/// What is wanted of a picture that becomes width × height.
struct Resampling {
  int64_t width = 0;
  int64_t height = 0;
  ResizeFilter filter = ResizeFilter::kBicubic;
  PassOrder order = PassOrder::kPillow12;

  /// Whether the vertical pass comes first for a picture of that size.
  bool vertical_first(int64_t in_width, int64_t in_height) const;
};

/// The pixels `window` of the resized picture; modes of bytes (not kP, k1, kI16, and alpha as any
/// other channel) and filters but kNearest. The window lies within the resized picture.
Image resampled_window(const Image& image, const Resampling& to, const Window& window);

/// The whole of a kI16 picture, resized.
Image resampled_16(const Image& image, const Resampling& to);

}  // namespace relata::io
