#include "relata/io/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "relata/base/error.h"

namespace relata::io {
namespace {

constexpr int kGzipWindow = 15 + 16;  // the largest window, gzip framing (zlib.h, inflateInit2)
constexpr std::size_t kChunk = std::size_t{1} << 18U;

Error fault(std::string what, std::string_view where) {
  return Error({.what = std::move(what),
                .where = std::string(where),
                .remedy = "fetch or compress the file again"});
}

/// Decompresses members one after the other. Not copied or moved: zlib's state points back to the
/// stream.
class Inflater {
 public:
  Inflater(std::span<const std::byte> input, std::string_view where, uint64_t limit)
      : rest_(input), where_(where), limit_(limit) {
    if (inflateInit2(&stream_, kGzipWindow) != Z_OK) {
      throw Error({.what = "cannot start zlib: out of memory",
                   .where = std::string(where),
                   .kind = Error::Kind::kMachine});
    }
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  std::string run() {
    do {
      inflateReset(&stream_);
      while (!step()) {
      }
      skip_padding();
    } while (!rest_.empty());
    return std::move(output_);
  }

 private:
  /// One call of zlib; true at the end of a member.
  bool step() {
    constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
    const auto given = static_cast<uInt>(std::min(rest_.size(), kMost));
    // zlib does not write to its input; its interface only lacks the const.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(rest_.data()));
    stream_.avail_in = given;
    stream_.next_out = reinterpret_cast<Bytef*>(chunk_.data());
    stream_.avail_out = static_cast<uInt>(chunk_.size());
    const int code = inflate(&stream_, Z_NO_FLUSH);
    rest_ = rest_.subspan(given - stream_.avail_in);
    append(chunk_.size() - stream_.avail_out);
    if (code == Z_STREAM_END) return true;
    if (code == Z_BUF_ERROR || (code == Z_OK && rest_.empty() && stream_.avail_out > 0)) {
      throw fault("the gzip stream ends after " + std::to_string(output_.size()) +
                      " decompressed bytes, in the middle of a member",
                  where_);
    }
    if (code != Z_OK) {
      const char* reason = stream_.msg != nullptr ? stream_.msg : zError(code);
      throw fault("the gzip stream is corrupt (" + std::string(reason) + ")", where_);
    }
    return false;
  }

  void append(std::size_t count) {
    if (count > limit_ - output_.size()) {
      throw Error({.what = "decompresses to more than " + std::to_string(limit_) + " bytes",
                   .where = std::string(where_),
                   .remedy = "decompress it on disk first and give the plain file"});
    }
    output_.append(chunk_, 0, count);
  }

  void skip_padding() {
    const auto next = std::ranges::find_if(rest_, [](std::byte b) { return b != std::byte{0}; });
    rest_ = rest_.subspan(static_cast<std::size_t>(next - rest_.begin()));
    if (!rest_.empty() && !is_gzip(rest_)) {
      throw fault(std::to_string(rest_.size()) + " bytes after the gzip stream are not gzip",
                  where_);
    }
  }

  std::span<const std::byte> rest_;
  std::string_view where_;
  uint64_t limit_;
  z_stream stream_{};
  std::string chunk_ = std::string(kChunk, '\0');
  std::string output_;
};

}  // namespace

bool is_gzip(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x1F} && bytes[1] == std::byte{0x8B};
}

std::string gunzip(std::span<const std::byte> bytes, std::string_view where, uint64_t limit) {
  if (!is_gzip(bytes)) throw fault("is not a gzip stream", where);
  return Inflater(bytes, where, limit).run();
}

}  // namespace relata::io
