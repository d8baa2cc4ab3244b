// PNG through libpng. Like libjpeg it reports errors by longjmp: no C++ object is alive in the
// frames that it skips.
#include <png.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "relata/io/image/exif.h"
#include "relata/io/image/formats.h"
#include "relata/io/little_endian.h"

namespace relata::io {
namespace {

using Bytes = std::span<const std::byte>;

constexpr uint64_t kSignatureBytes = 8;
constexpr uint64_t kFirstHeaderBytes = 25;  // length, "IHDR", 13 bytes, checksum
constexpr png_uint_32 kSideLimit = 0x7FFFFFFF;
constexpr png_alloc_size_t kChunkLimit = png_alloc_size_t{16} << 20U;

uint32_t u32(Bytes file, uint64_t at) { return __builtin_bswap32(load_le<uint32_t>(file, at)); }

bool is_chunk(Bytes file, uint64_t at, std::string_view type) {
  return std::memcmp(file.data() + at + 4, type.data(), 4) == 0;
}

/// The content of the first eXIf chunk, which may stand behind the pixels; empty if there is none.
Bytes exif_chunk(Bytes file) {
  for (uint64_t at = kSignatureBytes; lies_within(at, 12, file.size());) {
    const uint64_t length = u32(file, at);
    if (!lies_within(at + 8, length + 4, file.size())) break;
    if (is_chunk(file, at, "eXIf")) return file.subspan(at + 8, length);
    at += length + 12;
  }
  return {};
}

/// All that callbacks and guarded steps share; freed by PngReader.
struct State {
  png_structp png;
  png_infop info;
  std::jmp_buf back;
  std::array<char, 128> message;
  const std::byte* next;
  std::size_t left;
  bool truncated;
};

[[noreturn]] void fail(png_structp png, png_const_charp message) {
  State& state = *static_cast<State*>(png_get_error_ptr(png));
  std::strncpy(state.message.data(), message, state.message.size() - 1);
  std::longjmp(state.back, 1);
}

void warn_nobody(png_structp /*png*/, png_const_charp /*message*/) {}

void read(png_structp png, png_bytep to, png_size_t count) {
  State& state = *static_cast<State*>(png_get_io_ptr(png));
  if (count > state.left) {
    state.truncated = true;
    std::longjmp(state.back, 1);
  }
  std::memcpy(to, state.next, count);
  state.next += count;
  state.left -= count;
}

struct Layout {
  ImageMode mode = ImageMode::kL;
  bool spread_grey = false;  ///< grey and alpha have to become four channels
};

/// Pillow's modes (PngImagePlugin, _MODES).
Layout layout_of(int depth, int colour) {
  switch (colour) {
    case PNG_COLOR_TYPE_GRAY:
      if (depth == 1) return {ImageMode::k1};
      return {depth == 16 ? ImageMode::kI16 : ImageMode::kL};
    case PNG_COLOR_TYPE_PALETTE:
      return {ImageMode::kP};
    case PNG_COLOR_TYPE_GRAY_ALPHA:
      if (depth == 16) return {ImageMode::kRGBA, true};
      return {ImageMode::kLA};
    case PNG_COLOR_TYPE_RGB:
      return {ImageMode::kRGB};
    default:
      return {ImageMode::kRGBA};
  }
}

class PngReader {
 public:
  PngReader(Bytes file, std::string_view where, const DecodeOptions& options)
      : state_(std::make_unique<State>()), where_(where), options_(options) {
    State* state = state_.get();
    state->next = file.data();
    state->left = file.size();
    state->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, state, fail, warn_nobody);
    if (state->png != nullptr) state->info = png_create_info_struct(state->png);
    if (state->info == nullptr) {
      png_destroy_read_struct(&state->png, &state->info, nullptr);
      throw Error({.what = "cannot start libpng: out of memory",
                   .where = std::string(where),
                   .kind = Error::Kind::kMachine});
    }
  }
  ~PngReader() { png_destroy_read_struct(&state_->png, &state_->info, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  /// In small steps libpng hands over all rows that the data give before they end.
  Image run(bool in_small_steps) {
    State* state = state_.get();
    const bool tolerant = options_.allow_truncated;
    if (!guarded([state, tolerant, in_small_steps] {
          png_set_read_fn(state->png, state, read);
          png_set_user_limits(state->png, kSideLimit, kSideLimit);
          png_set_chunk_malloc_max(state->png, kChunkLimit);
          if (tolerant) {
            png_set_crc_action(state->png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
          }
          if (in_small_steps) png_set_compression_buffer_size(state->png, 1);
          png_read_info(state->png, state->info);
        })) {
      throw broken();
    }
    return pixels();
  }

  bool truncated() const { return state_->truncated; }

 private:
  /// False if libpng jumped out of `step`, whose frames hold nothing that needs a destructor.
  template <typename Step>
  bool guarded(Step step) {
    static_assert(std::is_trivially_destructible_v<Step>);
    if (setjmp(state_->back) != 0) return false;
    step();
    return true;
  }

  Error broken() const {
    if (state_->truncated) return truncated_picture("PNG", where_);
    return damaged_picture("PNG", state_->message.data(), where_);
  }

  Image pixels() {
    State* state = state_.get();
    const int64_t width = png_get_image_width(state->png, state->info);
    const int64_t height = png_get_image_height(state->png, state->info);
    check_pixels(width, height, options_.pixel_limit, where_);
    const int depth = png_get_bit_depth(state->png, state->info);
    const int colour = png_get_color_type(state->png, state->info);
    const Layout layout = layout_of(depth, colour);
    Image image = make_image(width, height, layout.spread_grey ? ImageMode::kLA : layout.mode);
    std::vector<png_bytep> rows(static_cast<std::size_t>(height));
    for (int64_t y = 0; y < height; ++y) rows[static_cast<std::size_t>(y)] = image.row(y).data();
    const std::span<png_bytep> pointers(rows);
    const auto row_bytes = static_cast<std::size_t>(image.row_bytes());
    const bool whole = guarded([state, pointers, depth, colour, row_bytes] {
      set_transformations(state->png, depth, colour);
      const int passes = png_set_interlace_handling(state->png);
      png_read_update_info(state->png, state->info);
      if (png_get_rowbytes(state->png, state->info) != row_bytes) {
        png_error(state->png, "rows of another length than the header says");
      }
      for (int pass = 0; pass < passes; ++pass) {
        for (const png_bytep row : pointers) png_read_row(state->png, row, nullptr);
      }
    });
    if (!whole && !options_.allow_truncated) throw broken();
    image.palette = palette();
    return layout.spread_grey ? spread(image) : image;
  }

  static void set_transformations(png_structp png, int depth, int colour) {
    if (colour == PNG_COLOR_TYPE_PALETTE) {
      png_set_packing(png);
    } else if (depth < 8) {
      png_set_expand_gray_1_2_4_to_8(png);
    } else if (depth == 16 && colour == PNG_COLOR_TYPE_GRAY) {
      png_set_swap(png);
    } else if (depth == 16) {
      png_set_strip_16(png);  // the high byte, as Pillow's RGB;16B
    }
  }

  std::vector<uint8_t> palette() const {
    png_colorp colours = nullptr;
    int count = 0;
    if (png_get_color_type(state_->png, state_->info) != PNG_COLOR_TYPE_PALETTE ||
        png_get_PLTE(state_->png, state_->info, &colours, &count) == 0) {
      return {};
    }
    std::vector<uint8_t> palette;
    palette.reserve(static_cast<std::size_t>(count) * 3);
    for (const png_color& colour : std::span(colours, static_cast<std::size_t>(count))) {
      palette.insert(palette.end(), {colour.red, colour.green, colour.blue});
    }
    return palette;
  }

  static Image spread(const Image& grey) {
    Image image = make_image(grey.width, grey.height, ImageMode::kRGBA);
    for (std::size_t i = 0; i < grey.pixels.size() / 2; ++i) {
      std::fill_n(&image.pixels[4 * i], 3, grey.pixels[2 * i]);
      image.pixels[4 * i + 3] = grey.pixels[2 * i + 1];
    }
    return image;
  }

  std::unique_ptr<State> state_;
  std::string_view where_;
  const DecodeOptions& options_;
};

}  // namespace

ImageHeader read_png_header(Bytes file, std::string_view where) {
  if (file.size() < kSignatureBytes + kFirstHeaderBytes) throw truncated_picture("PNG", where);
  if (!is_chunk(file, kSignatureBytes, "IHDR")) {
    throw damaged_picture("PNG", "no IHDR at its beginning", where);
  }
  return {.format = ImageFormat::kPng,
          .width = u32(file, kSignatureBytes + 8),
          .height = u32(file, kSignatureBytes + 12),
          .orientation = exif_orientation(exif_chunk(file))};
}

Image decode_png(Bytes file, std::string_view where, const DecodeOptions& options) {
  const ImageHeader header = read_png_header(file, where);
  check_pixels(header.width, header.height, options.pixel_limit, where);
  PngReader reader(file, where, options);
  Image image = reader.run(/*in_small_steps=*/false);
  if (reader.truncated()) image = PngReader(file, where, options).run(/*in_small_steps=*/true);
  return oriented(std::move(image), options.apply_exif ? header.orientation : 1);
}

}  // namespace relata::io
