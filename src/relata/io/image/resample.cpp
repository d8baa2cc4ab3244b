#include "relata/io/image/resample.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "relata/io/image/resample_passes.h"

namespace relata::io {
namespace {

// Rows decoded at once: enough for libjpeg's largest groups, few enough to stay in the cache.
constexpr int64_t kStripRows = 16;

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

/// The weights of a window's columns and rows.
struct Axes {
  Axes(int64_t width, int64_t height, const Resampling& to, const Window& window)
      : columns(to.width == width
                    ? untouched(window.x, window.x + window.width)
                    : axis_weights(width, to.width, to.filter, window.x, window.x + window.width)),
        rows(to.height == height
                 ? untouched(window.y, window.y + window.height)
                 : axis_weights(height, to.height, to.filter, window.y, window.y + window.height)) {
  }

  AxisWeights columns;
  AxisWeights rows;
};

void give_rows(const Image& image, const RowSink& sink) {
  for (int64_t y = 0; y < image.height; ++y) sink(y, image.row(y).data());
}

/// Columns [first_column, first_column + count), rows as `axis` says of a picture whose row 0 is
/// row `first_row` of what the weights count.
void give_down(const Image& image, int64_t first_row, int64_t first_column, int64_t count,
               const AxisWeights& axis, const RowSink& sink) {
  const FixedAxis fixed(axis);
  const ByteRows rows = rows_of(image, 0, image.height, first_column);
  std::vector<uint8_t> row(static_cast<std::size_t>(count * pixel_bytes(image.mode)));
  for (int64_t y = 0; y < axis.outputs(); ++y) {
    vertical_row(rows, first_row, static_cast<int64_t>(row.size()), fixed, y, row.data());
    sink(y, row.data());
  }
}

Image down(const Image& image, int64_t first_column, int64_t count, const AxisWeights& axis) {
  Image out = make_image(count, axis.outputs(), image.mode);
  give_down(image, 0, first_column, count, axis, [&out](int64_t y, const uint8_t* row) {
    std::memcpy(out.row(y).data(), row, static_cast<std::size_t>(out.row_bytes()));
  });
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

void resampled_rows(const Image& image, const Resampling& to, const Window& window,
                    const RowSink& sink) {
  const bool needs_across = to.width != image.width;
  const bool needs_down = to.height != image.height;
  const Axes axes(image.width, image.height, to, window);
  if (!needs_down && !needs_across) return give_rows(crop(image, window), sink);
  if (!needs_down) {
    return give_rows(across(image, window.y, window.height, FixedAxis(axes.columns)), sink);
  }
  if (!needs_across) return give_down(image, 0, window.x, window.width, axes.rows, sink);
  if (to.vertical_first(image.width, image.height)) {
    const int64_t left = axes.columns.begin();
    const Image low = down(image, left, axes.columns.end() - left, axes.rows);
    AxisWeights columns = axes.columns;
    for (int32_t& first : columns.first) first -= static_cast<int32_t>(left);
    return give_rows(across(low, 0, low.height, FixedAxis(std::move(columns))), sink);
  }
  const int64_t top = axes.rows.begin();
  const Image narrow = across(image, top, axes.rows.end() - top, FixedAxis(axes.columns));
  give_down(narrow, top, 0, narrow.width, axes.rows, sink);
}

void resampled_rows(JpegReader& reader, const Resampling& to, const Window& window,
                    const RowSink& sink) {
  const Axes axes(reader.width(), reader.height(), to, window);
  const FixedAxis columns(axes.columns);
  const int64_t top = axes.rows.begin();
  const int64_t bottom = axes.rows.end();
  Image narrow = make_image(window.width, bottom - top, reader.mode());
  Image strip = make_image(reader.width(), kStripRows, reader.mode());
  for (int64_t y = 0; y < bottom;) {
    // A strip ends where the window begins, so that the passes see whole strips only.
    const int64_t most = y < top ? top - y : bottom - y;
    const int64_t count = std::min(kStripRows, most);
    reader.read(std::span(strip.pixels).first(static_cast<std::size_t>(count * strip.row_bytes())));
    if (y >= top) {
      horizontal_pass(rows_of(strip, 0, count, 0), pixel_bytes(strip.mode), columns,
                      narrow.row(y - top).data());
    }
    y += count;
  }
  give_down(narrow, top, 0, narrow.width, axes.rows, sink);
}

Image resampled_window(const Image& image, const Resampling& to, const Window& window) {
  Image out = make_image(window.width, window.height, image.mode);
  const auto bytes = static_cast<std::size_t>(out.row_bytes());
  resampled_rows(image, to, window, [&out, bytes](int64_t y, const uint8_t* row) {
    std::memcpy(out.row(y).data(), row, bytes);
  });
  return out;
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
