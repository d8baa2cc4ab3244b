#include "relata/io/image/jpeg_writer.h"

// jpeglib.h needs these two and does not include them.
#include <cstdio>
// clang-format off
#include <jpeglib.h>
// clang-format on

#include <array>
#include <csetjmp>
#include <cstdlib>

#include "relata/base/error.h"

namespace relata::io {
namespace {

constexpr int64_t kLongestSide = 65'500;  // the format's own limit, less what libjpeg keeps

struct Encoder {
  Encoder() = default;
  ~Encoder() {
    jpeg_destroy_compress(&state);
    std::free(bytes);  // NOLINT: libjpeg took it from malloc
  }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  jpeg_compress_struct state = {};  // first: the callback gets its address
  jpeg_error_mgr errors = {};
  std::jmp_buf back = {};
  std::array<char, JMSG_LENGTH_MAX> message = {};
  unsigned char* bytes = nullptr;
  unsigned long size = 0;  // NOLINT: libjpeg's type
};

void on_error(j_common_ptr state) {
  auto* encoder = reinterpret_cast<Encoder*>(state);
  encoder->errors.format_message(state, encoder->message.data());
  std::longjmp(encoder->back, 1);  // NOLINT: how libjpeg is left
}

/// Nothing here has a destructor, so that leaving by longjmp skips none. False on failure.
bool run(Encoder& encoder, const Image& image, int quality) {
  jpeg_compress_struct& state = encoder.state;
  state.err = jpeg_std_error(&encoder.errors);
  encoder.errors.error_exit = on_error;
  if (setjmp(encoder.back) != 0) return false;  // NOLINT: how libjpeg is left
  jpeg_create_compress(&state);
  jpeg_mem_dest(&state, &encoder.bytes, &encoder.size);
  state.image_width = static_cast<JDIMENSION>(image.width);
  state.image_height = static_cast<JDIMENSION>(image.height);
  state.input_components = image.mode == ImageMode::kRGB ? 3 : 1;
  state.in_color_space = image.mode == ImageMode::kRGB ? JCS_RGB : JCS_GRAYSCALE;
  jpeg_set_defaults(&state);
  jpeg_set_quality(&state, quality, TRUE);
  jpeg_start_compress(&state, TRUE);
  while (state.next_scanline < state.image_height) {
    // libjpeg does not write to it.
    auto* row = const_cast<JSAMPLE*>(image.row(state.next_scanline).data());  // NOLINT
    jpeg_write_scanlines(&state, &row, 1);
  }
  jpeg_finish_compress(&state);
  return true;
}

}  // namespace

std::string encode_jpeg(const Image& image, int quality) {
  if (image.mode != ImageMode::kRGB && image.mode != ImageMode::kL) {
    throw Error({.what = "a JPEG of mode " + std::string(mode_name(image.mode)),
                 .remedy = "convert it to RGB"});
  }
  if (quality < 1 || quality > 100)
    throw Error({.what = "a JPEG quality of " + std::to_string(quality)});
  if (image.width < 1 || image.height < 1 || image.width > kLongestSide ||
      image.height > kLongestSide)
    throw Error({.what = "a picture that no JPEG can hold"});
  Encoder encoder;
  if (!run(encoder, image, quality))
    throw Error({.what = "a picture that cannot be written: " + std::string(encoder.message.data()),
                 .kind = Error::Kind::kMachine});
  return {reinterpret_cast<const char*>(encoder.bytes), encoder.size};
}

}  // namespace relata::io
