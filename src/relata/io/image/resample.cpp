#include "relata/io/image/resample.h"

#include <algorithm>
#include <utility>

#include "relata/io/image/resample_passes.h"

namespace relata::io {
namespace {

/// Rows and columns that do not change.
AxisWeights untouched(int64_t begin, int64_t end) {
  AxisWeights axis{.taps = 1};
  for (int64_t i = begin; i < end; ++i) {
    axis.first.push_back(static_cast<int32_t>(i));
    axis.count.push_back(1);
  }
  return axis;
}

ByteRows rows_of(const Image& image, int64_t first_row, int64_t count, int64_t first_column) {
  return {.data = image.pixels.data() + first_row * image.row_bytes() +
                  first_column * pixel_bytes(image.mode),
          .stride = image.row_bytes(),
          .count = count,
          .end = image.pixels.data() + image.pixels.size()};
}

/// Rows [first_row, first_row + count), columns as `axis` says.
Image across(const Image& image, int64_t first_row, int64_t count, const FixedAxis& axis) {
  Image out = make_image(axis.axis.outputs(), count, image.mode);
  horizontal_pass(rows_of(image, first_row, count, 0), pixel_bytes(image.mode), axis,
                  out.pixels.data());
  return out;
}

/// Columns [first_column, first_column + count), rows as `axis` says of a picture whose row 0 is
/// row `first_row` of what the weights count.
Image down(const Image& image, int64_t first_row, int64_t first_column, int64_t count,
           const FixedAxis& axis) {
  Image out = make_image(count, axis.axis.outputs(), image.mode);
  const ByteRows rows = rows_of(image, 0, image.height, first_column);
  for (int64_t y = 0; y < out.height; ++y) {
    vertical_row(rows, first_row, out.row_bytes(), axis, y, out.row(y).data());
  }
  return out;
}

uint16_t load_16(const uint8_t* bytes) { return static_cast<uint16_t>(bytes[0] | bytes[1] << 8U); }

void store_16(uint8_t* bytes, double sum) {
  const int rounded = std::clamp(static_cast<int>(sum >= 0.0 ? sum + 0.5 : sum - 0.5), 0, 0xFFFF);
  bytes[0] = static_cast<uint8_t>(rounded & 0xFF);
  bytes[1] = static_cast<uint8_t>(rounded >> 8);
}

/// One pass over numbers of 16 bits: `step` bytes from one input of a sum to the next.
void pass_16(const uint8_t* in, int64_t step, const AxisWeights& axis, int64_t output,
             uint8_t* out) {
  const auto at = static_cast<std::size_t>(output);
  const double* weights = axis.weights.data() + output * axis.taps;
  double sum = 0.0;
  for (int32_t t = 0; t < axis.count[at]; ++t) {
    sum += load_16(in + (axis.first[at] + t) * step) * weights[t];
  }
  store_16(out, sum);
}

Image across_16(const Image& image, int64_t width, ResizeFilter filter) {
  const AxisWeights axis = axis_weights(image.width, width, filter, 0, width);
  Image out = make_image(width, image.height, image.mode);
  for (int64_t y = 0; y < image.height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      pass_16(image.row(y).data(), 2, axis, x, out.row(y).data() + 2 * x);
    }
  }
  return out;
}

Image down_16(const Image& image, int64_t height, ResizeFilter filter) {
  const AxisWeights axis = axis_weights(image.height, height, filter, 0, height);
  Image out = make_image(image.width, height, image.mode);
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < image.width; ++x) {
      pass_16(image.pixels.data() + 2 * x, image.row_bytes(), axis, y, out.row(y).data() + 2 * x);
    }
  }
  return out;
}

}  // namespace

bool Resampling::vertical_first(int64_t in_width, int64_t in_height) const {
  if (order == PassOrder::kPillow12) return in_height > 100 * in_width && height < in_height;
  return in_height - height > 0 && in_height - height > 2 * (in_width - width);
}

Image resampled_window(const Image& image, const Resampling& to, const Window& window) {
  const bool needs_across = to.width != image.width;
  const bool needs_down = to.height != image.height;
  if (!needs_across && !needs_down) return crop(image, window);
  const int64_t right = window.x + window.width;
  const int64_t bottom = window.y + window.height;
  AxisWeights columns = needs_across
                            ? axis_weights(image.width, to.width, to.filter, window.x, right)
                            : untouched(window.x, right);
  AxisWeights rows = needs_down ? axis_weights(image.height, to.height, to.filter, window.y, bottom)
                                : untouched(window.y, bottom);
  const int64_t first_row = rows.begin();
  const int64_t row_count = rows.end() - first_row;
  const int64_t first_column = columns.begin();
  const int64_t column_count = columns.end() - first_column;
  if (!needs_down) return across(image, first_row, row_count, FixedAxis(std::move(columns)));
  if (!needs_across) return down(image, 0, first_column, column_count, FixedAxis(std::move(rows)));
  if (to.vertical_first(image.width, image.height)) {
    const Image narrow = down(image, 0, first_column, column_count, FixedAxis(std::move(rows)));
    for (int32_t& first : columns.first) first -= static_cast<int32_t>(first_column);
    return across(narrow, 0, narrow.height, FixedAxis(std::move(columns)));
  }
  const Image narrow = across(image, first_row, row_count, FixedAxis(std::move(columns)));
  return down(narrow, first_row, 0, narrow.width, FixedAxis(std::move(rows)));
}

Image resampled_16(const Image& image, const Resampling& to) {
  const bool needs_across = to.width != image.width;
  const bool needs_down = to.height != image.height;
  if (!needs_across && !needs_down) return image;
  if (!needs_down) return across_16(image, to.width, to.filter);
  if (!needs_across) return down_16(image, to.height, to.filter);
  if (to.vertical_first(image.width, image.height)) {
    return across_16(down_16(image, to.height, to.filter), to.width, to.filter);
  }
  return down_16(across_16(image, to.width, to.filter), to.height, to.filter);
}

}  // namespace relata::io
