#include "relata/io/image/preprocessing.h"

#include <algorithm>
#include <string>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/image/convert.h"
#include "relata/io/image/exif.h"
#include "relata/io/image/formats.h"
#include "relata/io/image/jpeg_reader.h"
#include "relata/io/image/resample.h"

namespace relata::io {
namespace {

/// value[channel][byte]: what a byte becomes is a function of it alone.
using ValueTable = std::array<std::array<float, 256>, 3>;

ValueTable value_table(const Preprocessing& to) {
  ValueTable table{};
  for (std::size_t c = 0; c < table.size(); ++c) {
    const auto mean = static_cast<float>(to.mean[c]);
    const auto std = static_cast<float>(to.std[c]);
    for (std::size_t byte = 0; byte < table[c].size(); ++byte) {
      auto value = static_cast<float>(byte);
      if (to.rescale) value = static_cast<float>(static_cast<double>(byte) * to.rescale_factor);
      if (to.normalise) value = (value - mean) / std;
      if (to.normalise && to.include_top) value = (value - 0.0F) / std;
      table[c][byte] = value;
    }
  }
  return table;
}

struct Size {
  int64_t width = 0;
  int64_t height = 0;

  bool operator==(const Size&) const = default;
};

/// floor((side − crop) / 2) for negative numbers too.
constexpr int64_t crop_offset(int64_t side, int64_t crop) { return (side - crop) >> 1; }

/// All sizes of one picture on its way.
struct Geometry {
  Geometry(const Preprocessing& to, Size picture) : canvas(picture), resized(picture) {
    if (to.pad_square) canvas.width = canvas.height = std::max(picture.width, picture.height);
    resized = canvas;
    if (to.resize == Preprocessing::Resize::kExact) resized = {to.width, to.height};
    if (to.resize == Preprocessing::Resize::kShortestEdge) {
      const bool upright = canvas.width <= canvas.height;
      const int64_t shorter = upright ? canvas.width : canvas.height;
      const int64_t longer = upright ? canvas.height : canvas.width;
      const auto scaled = static_cast<int64_t>(static_cast<double>(to.shortest_edge * longer) /
                                               static_cast<double>(shorter));
      resized = upright ? Size{to.shortest_edge, scaled} : Size{scaled, to.shortest_edge};
    }
    window = {.width = resized.width, .height = resized.height};
    if (to.center_crop) {
      window = {.x = crop_offset(resized.width, to.crop_width),
                .y = crop_offset(resized.height, to.crop_height),
                .width = to.crop_width,
                .height = to.crop_height};
    }
  }

  /// That part of the window that is picture.
  Window inside() const {
    const int64_t left = std::max<int64_t>(window.x, 0);
    const int64_t top = std::max<int64_t>(window.y, 0);
    return {.x = left,
            .y = top,
            .width = std::min(window.x + window.width, resized.width) - left,
            .height = std::min(window.y + window.height, resized.height) - top};
  }

  Size canvas;    ///< what is resized
  Size resized;   ///< what is cropped
  Window window;  ///< of `resized`; may reach beyond it
};

/// Collects rows of bytes as normalised planes.
class Planes {
 public:
  Planes(const Preprocessing& to, const Geometry& geometry)
      : table_(value_table(to)), window_(geometry.window), inside_(geometry.inside()) {
    result_ = {.height = window_.height, .width = window_.width};
    result_.values.resize(static_cast<std::size_t>(3 * plane()));
    if (inside_ == window_) return;
    for (std::size_t c = 0; c < 3; ++c) {  // black, as everything beyond the picture
      std::fill_n(result_.values.begin() + static_cast<std::ptrdiff_t>(c) * plane(), plane(),
                  table_[c][0]);
    }
  }

  /// Row y of the part that is picture, of `channels` (1 or 3) interleaved bytes.
  void add(int64_t y, const uint8_t* bytes, int64_t channels) {
    const int64_t at = (inside_.y - window_.y + y) * window_.width + inside_.x - window_.x;
    for (std::size_t c = 0; c < 3; ++c) {
      const std::array<float, 256>& table = table_[c];
      float* out = result_.values.data() + static_cast<int64_t>(c) * plane() + at;
      const uint8_t* in = bytes + (channels == 3 ? c : 0);
      for (int64_t x = 0; x < inside_.width; ++x) out[x] = table[in[x * channels]];
    }
  }

  PixelValues take() { return std::move(result_); }

 private:
  int64_t plane() const { return window_.width * window_.height; }

  ValueTable table_;
  Window window_;
  Window inside_;
  PixelValues result_;
};

Resampling resampling_of(const Preprocessing& to, const Geometry& geometry) {
  return {.width = geometry.resized.width,
          .height = geometry.resized.height,
          .filter = to.filter,
          .order = to.pass_order};
}

/// The resize of RGB, the crop and the numbers.
PixelValues finished(const Preprocessing& to, const Geometry& geometry, const Image& rgb) {
  Planes planes(to, geometry);
  const Window inside = geometry.inside();
  const auto sink = [&planes](int64_t y, const uint8_t* row) { planes.add(y, row, 3); };
  if (inside.width < 1 || inside.height < 1) return planes.take();
  if (to.filter == ResizeFilter::kNearest) {
    const Image resized = resize(rgb, geometry.resized.width, geometry.resized.height, to.filter);
    resampled_rows(resized, resampling_of(to, geometry), inside, sink);
  } else {
    resampled_rows(rgb, resampling_of(to, geometry), inside, sink);
  }
  return planes.take();
}

void check_rgb(const Image& image, std::string_view where) {
  if (image.mode == ImageMode::kRGB) return;
  throw Error({.what = "is a picture of mode " + std::string(mode_name(image.mode)) +
                       ", but the preprocessing converts nothing to RGB",
               .where = std::string(where),
               .remedy = "convert the picture, or set do_convert_rgb"});
}

/// Whether the picture need never be whole: an upright JPEG of grey or colours, whose passes are
/// both needed, horizontal first.
bool can_stream(const Preprocessing& to, const Geometry& geometry, const JpegReader& reader) {
  const Size size{reader.width(), reader.height()};
  const Window inside = geometry.inside();
  const Resampling resampling = resampling_of(to, geometry);
  const bool own_mode_is_enough =
      reader.mode() == ImageMode::kRGB ||
      (reader.mode() == ImageMode::kL && to.convert != Preprocessing::Convert::kNever);
  return own_mode_is_enough && !to.pad_square && to.filter != ResizeFilter::kNearest &&
         inside.width > 0 && inside.height > 0 && size.width != resampling.width &&
         size.height != resampling.height && !resampling.vertical_first(size.width, size.height);
}

}  // namespace

Image padded_to_square(const Image& image, const std::array<uint8_t, 3>& background) {
  require_mode(image, ImageMode::kRGB, "pad to a square");
  const int64_t side = std::max(image.width, image.height);
  Image square = make_image(side, side, ImageMode::kRGB);
  for (std::size_t i = 0; i < square.pixels.size(); ++i) square.pixels[i] = background[i % 3];
  const int64_t left = (side - image.width) / 2;
  const int64_t top = (side - image.height) / 2;
  for (int64_t y = 0; y < image.height; ++y) {
    std::ranges::copy(image.row(y), square.row(top + y).begin() + 3 * left);
  }
  return square;
}

std::array<int64_t, 2> Preprocessing::output_size(int64_t picture_height,
                                                  int64_t picture_width) const {
  const Geometry geometry(*this, {picture_width, picture_height});
  return {geometry.window.height, geometry.window.width};
}

DecodeOptions Preprocessing::decode_options() const {
  return {.apply_exif = apply_exif,
          .allow_truncated = allow_truncated,
          .mode = decode,
          .pixel_limit = pixel_limit};
}

PixelValues Preprocessing::run(const Image& image) const {
  if (convert == Convert::kNever) check_rgb(image, "");
  if (convert == Convert::kLast && !pad_square) {
    const Geometry geometry(*this, {image.width, image.height});
    const Size& size = geometry.resized;
    const Image rgb = to_rgb(io::resize(image, size.width, size.height, filter, pass_order));
    return finished(*this, geometry, rgb);
  }
  const Image* rgb = &image;
  Image converted;
  if (image.mode != ImageMode::kRGB) rgb = &(converted = to_rgb(image));
  if (pad_square) rgb = &(converted = padded_to_square(*rgb, background));
  return finished(*this, Geometry(*this, {image.width, image.height}), *rgb);
}

PixelValues Preprocessing::run(std::span<const std::byte> file, std::string_view where) const {
  DecodeOptions options = decode_options();
  const ImageHeader header = read_image_header(file, where);
  const bool turned = options.apply_exif && header.orientation > 1;
  const bool exchanged = turned && orientation_exchanges_sides(header.orientation);
  const Size upright =
      exchanged ? Size{header.height, header.width} : Size{header.width, header.height};
  check_pixels(header.width, header.height, pixel_limit, where);
  const Geometry geometry(*this, upright);
  options.target_width = geometry.resized.width;
  options.target_height = geometry.resized.height;
  if (header.format == ImageFormat::kJpeg && !turned && decode == DecodeMode::kExact) {
    JpegReader reader(file, where, allow_truncated);
    reader.start(1);
    if (can_stream(*this, geometry, reader)) {
      Planes planes(*this, geometry);
      const int64_t channels = pixel_bytes(reader.mode());
      resampled_rows(
          reader, resampling_of(*this, geometry), geometry.inside(),
          [&planes, channels](int64_t y, const uint8_t* row) { planes.add(y, row, channels); });
      return planes.take();
    }
  }
  const Image image = decode_image(file, where, options);
  if (convert == Convert::kNever) check_rgb(image, where);
  return run(image);
}

}  // namespace relata::io
