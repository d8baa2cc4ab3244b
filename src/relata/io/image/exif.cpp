#include "relata/io/image/exif.h"

#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "relata/io/little_endian.h"

namespace relata::io {
namespace {

constexpr uint16_t kOrientation = 0x0112;
constexpr uint16_t kShort = 3;
constexpr uint64_t kEntryBytes = 12;

class Tiff {
 public:
  explicit Tiff(std::span<const std::byte> block) : block_(block) {
    constexpr std::string_view kPrefix("Exif\0\0", 6);
    if (starts_with(kPrefix)) block_ = block_.subspan(kPrefix.size());
    big_ = starts_with("MM");
    valid_ = (big_ || starts_with("II")) && block_.size() >= 8 && u16(2) == 42;
  }

  int orientation() const {
    if (!valid_) return 1;
    const uint64_t directory = u32(4);
    if (!lies_within(directory, 2, block_.size())) return 1;
    const uint64_t entries = u16(directory);
    for (uint64_t i = 0; i < entries; ++i) {
      const uint64_t at = directory + 2 + i * kEntryBytes;
      if (!lies_within(at, kEntryBytes, block_.size())) return 1;
      if (u16(at) != kOrientation) continue;
      const int value = u16(at + 8);
      const bool sound = u16(at + 2) == kShort && u32(at + 4) == 1 && value >= 1 && value <= 8;
      return sound ? value : 1;
    }
    return 1;
  }

 private:
  bool starts_with(std::string_view text) const {
    return block_.size() >= text.size() &&
           std::memcmp(block_.data(), text.data(), text.size()) == 0;
  }
  uint16_t u16(uint64_t at) const {
    const auto value = load_le<uint16_t>(block_, at);
    return big_ ? __builtin_bswap16(value) : value;
  }
  uint32_t u32(uint64_t at) const {
    const auto value = load_le<uint32_t>(block_, at);
    return big_ ? __builtin_bswap32(value) : value;
  }

  std::span<const std::byte> block_;
  bool big_ = false;
  bool valid_ = false;
};

/// Where a pixel of the turned picture comes from: (x, y) of the stored one are start + x·step_x +
/// y·step_y, in pixels of the stored picture.
struct Walk {
  int64_t start = 0;
  int64_t step_x = 0;
  int64_t step_y = 0;
};

Walk walk_of(int orientation, int64_t width, int64_t height) {
  const int64_t last_column = width - 1;
  const int64_t last_row = (height - 1) * width;
  switch (orientation) {
    case 2:  // mirrored left to right
      return {last_column, -1, width};
    case 3:  // turned by 180°
      return {last_row + last_column, -1, -width};
    case 4:  // mirrored top to bottom
      return {last_row, 1, -width};
    case 5:  // transposed
      return {0, width, 1};
    case 6:  // to be turned by 90° clockwise
      return {last_row, -width, 1};
    case 7:  // transposed along the other diagonal
      return {last_row + last_column, -width, -1};
    case 8:  // to be turned by 90° anticlockwise
      return {last_column, width, -1};
    default:
      return {0, 1, width};
  }
}

template <int64_t kBytes>
void copy_pixels(const Image& from, Image& to, const Walk& walk) {
  uint8_t* out = to.pixels.data();
  for (int64_t y = 0; y < to.height; ++y) {
    const uint8_t* in = from.pixels.data() + (walk.start + y * walk.step_y) * kBytes;
    for (int64_t x = 0; x < to.width; ++x, out += kBytes) {
      std::memcpy(out, in + x * walk.step_x * kBytes, kBytes);
    }
  }
}

}  // namespace

int exif_orientation(std::span<const std::byte> block) { return Tiff(block).orientation(); }

Image oriented(Image image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const bool exchanged = orientation_exchanges_sides(orientation);
  Image turned = make_image(exchanged ? image.height : image.width,
                            exchanged ? image.width : image.height, image.mode);
  const Walk walk = walk_of(orientation, image.width, image.height);
  constexpr std::array kCopies = {copy_pixels<1>, copy_pixels<2>, copy_pixels<3>, copy_pixels<4>};
  kCopies[static_cast<std::size_t>(pixel_bytes(image.mode) - 1)](image, turned, walk);
  turned.palette = std::move(image.palette);
  return turned;
}

}  // namespace relata::io
