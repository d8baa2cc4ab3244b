// libjpeg behind a safe face: rows of one JPEG file, from top to bottom.
// libjpeg reports errors by longjmp; no C++ object is alive in the frames that it skips.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "relata/io/image/decode.h"

namespace relata::io {

class JpegReader {
 public:
  /// Reads the header. `file` must outlive the reader. Throws Error naming `where`, as all of its
  /// functions.
  JpegReader(std::span<const std::byte> file, std::string_view where, bool allow_truncated);
  ~JpegReader();
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  ImageHeader header() const;  ///< of the whole picture
  ImageMode mode() const;      ///< kL, kRGB or kCMYK

  /// Begins decoding at 1/denominator of the size (1, 2, 4 or 8).
  void start(int denominator);
  int64_t width() const;   ///< of the rows to be read; valid after start
  int64_t height() const;  ///< how many there are

  /// The next rows, into `rows` [count, width, channels]. The caller asks for no more than there
  /// are.
  void read(std::span<uint8_t> rows);

 private:
  struct State;

  template <typename Step>
  void guarded(Step step);
  [[noreturn]] void fail() const;

  std::unique_ptr<State> state_;
  std::string where_;
};

/// The largest of 1, 2, 4 and 8 by which both sides can be divided (rounded up, as libjpeg does)
/// and still be at least the target's.
int jpeg_denominator(int64_t width, int64_t height, int64_t target_width, int64_t target_height);

}  // namespace relata::io
