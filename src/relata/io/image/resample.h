// A resized picture, or a window of it, without computing the rest.
#pragma once

#include <functional>

#include "relata/io/image/jpeg_reader.h"
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

/// A receiver of rows from top to bottom: (row number within the window, its bytes).
using RowSink = std::function<void(int64_t, const uint8_t*)>;

/// The same pixels row by row, so that they need not be kept.
void resampled_rows(const Image& image, const Resampling& to, const Window& window,
                    const RowSink& sink);

/// The same of a JPEG file that is being read (kL or kRGB, started), without ever holding the whole
/// picture: rows below the window are not decoded. Both passes are needed, horizontal first.
void resampled_rows(JpegReader& reader, const Resampling& to, const Window& window,
                    const RowSink& sink);

/// The whole of a kI16 picture, resized.
Image resampled_16(const Image& image, const Resampling& to);

}  // namespace relata::io
