#include "relata/io/image/jpeg_reader.h"

// jpeglib.h needs these two and does not include them.
#include <cstdio>
// clang-format off
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include <algorithm>
#include <array>
#include <csetjmp>
#include <type_traits>

#include "relata/base/error.h"
#include "relata/io/image/exif.h"
#include "relata/io/image/formats.h"

namespace relata::io {
namespace {

// A progressive file may repeat scans without end; real ones have about ten.
constexpr int kScanLimit = 500;
constexpr std::array<JOCTET, 2> kEndOfImage = {0xFF, JPEG_EOI};

/// Warnings that mean lost pixels; the others are about bytes that nobody needs.
bool loses_pixels(int code) {
  switch (code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_BOGUS_PROGRESSION:
      return true;
    default:
      return false;
  }
}

}  // namespace

struct JpegReader::State {
  // Also where the constructor of the reader throws; does nothing to a decoder not yet created.
  ~State() { jpeg_destroy_decompress(&decoder); }

  jpeg_decompress_struct
      decoder;  // first: callbacks get its address and know the rest is behind it
  jpeg_error_mgr errors;
  jpeg_source_mgr source;
  jpeg_progress_mgr progress;
  std::jmp_buf back;
  std::array<char, JMSG_LENGTH_MAX> message;
  bool allow_truncated;
  bool truncated;

  static State& of(j_common_ptr decoder) { return *reinterpret_cast<State*>(decoder); }
  static State& of(j_decompress_ptr decoder) { return *reinterpret_cast<State*>(decoder); }
};

namespace {

// Not a member, so that it needs no access to the private type.
template <typename State>
struct Callbacks {
  [[noreturn]] static void fail(j_common_ptr decoder) {
    State& state = State::of(decoder);
    state.errors.format_message(decoder, state.message.data());
    std::longjmp(state.back, 1);
  }

  static void note(j_common_ptr decoder, int level) {
    State& state = State::of(decoder);
    if (level >= 0) return;  // traces
    ++state.errors.num_warnings;
    if (!state.allow_truncated && loses_pixels(state.errors.msg_code)) fail(decoder);
  }

  static void print_nothing(j_common_ptr /*decoder*/) {}

  static void watch_scans(j_common_ptr decoder) {
    State& state = State::of(decoder);
    if (state.decoder.input_scan_number > kScanLimit) {
      constexpr std::string_view kMessage = "more than 500 scans";
      std::copy_n(kMessage.data(), kMessage.size() + 1, state.message.begin());
      std::longjmp(state.back, 1);
    }
  }

  static boolean fill(j_decompress_ptr decoder) {
    State& state = State::of(decoder);
    state.truncated = true;
    if (!state.allow_truncated) {
      state.message[0] = '\0';
      std::longjmp(state.back, 1);
    }
    state.source.next_input_byte = kEndOfImage.data();
    state.source.bytes_in_buffer = kEndOfImage.size();
    return TRUE;
  }

  static void skip(j_decompress_ptr decoder, long count) {
    State& state = State::of(decoder);
    if (count <= 0) return;
    const auto wanted = static_cast<std::size_t>(count);
    if (wanted > state.source.bytes_in_buffer) {
      fill(decoder);
      return;
    }
    state.source.next_input_byte += wanted;
    state.source.bytes_in_buffer -= wanted;
  }

  static void nothing(j_decompress_ptr /*decoder*/) {}
};

}  // namespace

/// Runs `step`, whose frames hold nothing that needs a destructor, and turns libjpeg's longjmp into
/// an Error.
template <typename Step>
void JpegReader::guarded(Step step) {
  static_assert(std::is_trivially_destructible_v<Step>);
  if (setjmp(state_->back) != 0) fail();
  step();
}

void JpegReader::fail() const {
  if (state_->truncated && state_->message[0] == '\0') throw truncated_picture("JPEG", where_);
  throw damaged_picture("JPEG", state_->message.data(), where_);
}

JpegReader::JpegReader(std::span<const std::byte> file, std::string_view where,
                       bool allow_truncated)
    : state_(std::make_unique<State>()), where_(where) {
  using Calls = Callbacks<State>;
  State* state = state_.get();
  state->allow_truncated = allow_truncated;
  state->decoder.err = jpeg_std_error(&state->errors);
  state->errors.error_exit = Calls::fail;
  state->errors.emit_message = Calls::note;
  state->errors.output_message = Calls::print_nothing;
  state->progress.progress_monitor = Calls::watch_scans;
  state->source.next_input_byte = reinterpret_cast<const JOCTET*>(file.data());
  state->source.bytes_in_buffer = file.size();
  state->source.init_source = Calls::nothing;
  state->source.fill_input_buffer = Calls::fill;
  state->source.skip_input_data = Calls::skip;
  state->source.resync_to_restart = jpeg_resync_to_restart;
  state->source.term_source = Calls::nothing;
  guarded([state] {
    jpeg_create_decompress(&state->decoder);
    state->decoder.src = &state->source;
    state->decoder.progress = &state->progress;
    jpeg_save_markers(&state->decoder, JPEG_APP0 + 1, 0xFFFF);
    jpeg_read_header(&state->decoder, TRUE);
  });
  const int channels = state->decoder.num_components;
  if (channels != 1 && channels != 3 && channels != 4) {
    throw damaged_picture(
        "JPEG", "has " + std::to_string(channels) + " channels, expected 1, 3 or 4", where_);
  }
}

JpegReader::~JpegReader() = default;

ImageHeader JpegReader::header() const {
  const jpeg_decompress_struct& decoder = state_->decoder;
  ImageHeader header{
      .format = ImageFormat::kJpeg, .width = decoder.image_width, .height = decoder.image_height};
  constexpr std::string_view kExif("Exif\0\0", 6);
  for (const jpeg_marker_struct* marker = decoder.marker_list; marker != nullptr;
       marker = marker->next) {
    const auto block = std::as_bytes(std::span(marker->data, marker->data_length));
    const std::string_view text(reinterpret_cast<const char*>(block.data()), block.size());
    if (!text.starts_with(kExif)) continue;
    header.orientation = exif_orientation(block);
    break;
  }
  return header;
}

ImageMode JpegReader::mode() const {
  switch (state_->decoder.num_components) {
    case 1:
      return ImageMode::kL;
    case 3:
      return ImageMode::kRGB;
    default:
      return ImageMode::kCMYK;
  }
}

void JpegReader::start(int denominator) {
  State* state = state_.get();
  const ImageMode wanted = mode();
  guarded([state, wanted, denominator] {
    state->decoder.out_color_space = wanted == ImageMode::kL     ? JCS_GRAYSCALE
                                     : wanted == ImageMode::kRGB ? JCS_RGB
                                                                 : JCS_CMYK;
    state->decoder.scale_num = 1;
    state->decoder.scale_denom = static_cast<unsigned>(denominator);
    jpeg_start_decompress(&state->decoder);
  });
}

int64_t JpegReader::width() const { return state_->decoder.output_width; }
int64_t JpegReader::height() const { return state_->decoder.output_height; }

void JpegReader::read(std::span<uint8_t> rows) {
  State* state = state_.get();
  const std::size_t row_bytes =
      std::size_t{state->decoder.output_width} * static_cast<std::size_t>(pixel_bytes(mode()));
  const std::size_t count = rows.size() / row_bytes;
  guarded([state, rows, row_bytes, count] {
    std::array<JSAMPROW, 16> pointers;
    for (std::size_t done = 0; done < count;) {
      const std::size_t asked = std::min(count - done, pointers.size());
      for (std::size_t i = 0; i < asked; ++i) pointers[i] = rows.data() + (done + i) * row_bytes;
      done += jpeg_read_scanlines(&state->decoder, pointers.data(), static_cast<JDIMENSION>(asked));
    }
  });
  if (mode() == ImageMode::kCMYK) {  // Adobe stores ink inverted, and Pillow takes all for Adobe's
    for (uint8_t& ink : rows) ink = static_cast<uint8_t>(255 - ink);
  }
}

int jpeg_denominator(int64_t width, int64_t height, int64_t target_width, int64_t target_height) {
  if (target_width < 1 || target_height < 1) return 1;
  for (const int denominator : {8, 4, 2}) {
    const auto divided = [denominator](int64_t side) {
      return (side + denominator - 1) / denominator;
    };
    if (divided(width) >= target_width && divided(height) >= target_height) return denominator;
  }
  return 1;
}

ImageHeader read_jpeg_header(std::span<const std::byte> file, std::string_view where) {
  return JpegReader(file, where, /*allow_truncated=*/false).header();
}

Image decode_jpeg(std::span<const std::byte> file, std::string_view where,
                  const DecodeOptions& options) {
  JpegReader reader(file, where, options.allow_truncated);
  const ImageHeader header = reader.header();
  check_pixels(header.width, header.height, options.pixel_limit, where);
  const int orientation = options.apply_exif ? header.orientation : 1;
  int denominator = 1;
  if (options.mode == DecodeMode::kFast) {
    const bool exchanged = orientation_exchanges_sides(orientation);
    denominator = jpeg_denominator(header.width, header.height,
                                   exchanged ? options.target_height : options.target_width,
                                   exchanged ? options.target_width : options.target_height);
  }
  reader.start(denominator);
  Image image = make_image(reader.width(), reader.height(), reader.mode());
  reader.read(image.pixels);
  return oriented(std::move(image), orientation);
}

}  // namespace relata::io
