#include "relata/io/zip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/utf8.h"
#include "relata/io/zip_directory.h"

namespace relata::io {
namespace {

using Bytes = std::span<const std::byte>;

constexpr int kRawDeflate = -15;  // the largest window, no framing (zlib.h, inflateInit2)
constexpr std::size_t kMost = std::numeric_limits<uInt>::max();

/// zlib's state of one entry.
class Inflater {
 public:
  explicit Inflater(const std::string& place) : place_(place) {
    if (inflateInit2(&stream_, kRawDeflate) != Z_OK) {
      throw Error({.what = "cannot start zlib: out of memory",
                   .where = place,
                   .kind = Error::Kind::kMachine});
    }
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  std::vector<std::byte> run(Bytes packed, uint64_t size) {
    std::vector<std::byte> content(size);
    std::byte beyond{};  // a place to write to, so that a stream that goes on is seen
    std::span<std::byte> rest(content);
    int code = Z_OK;
    while (code == Z_OK) {
      const std::span<std::byte> room = rest.empty() ? std::span(&beyond, 1) : rest;
      const auto given = static_cast<uInt>(std::min(packed.size(), kMost));
      const auto asked = static_cast<uInt>(std::min(room.size(), kMost));
      // zlib does not write to its input; its interface only lacks the const.
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
      stream_.avail_in = given;
      stream_.next_out = reinterpret_cast<Bytef*>(room.data());
      stream_.avail_out = asked;
      code = inflate(&stream_, Z_NO_FLUSH);
      packed = packed.subspan(given - stream_.avail_in);
      const std::size_t made = asked - stream_.avail_out;
      if (rest.empty() && made > 0) throw fault("inflates to more than its stated size");
      rest = rest.subspan(made);
    }
    if (code != Z_STREAM_END) throw broken(code);
    if (!rest.empty()) throw fault("inflates to less than its stated size");
    if (!packed.empty()) throw fault("has bytes behind its deflate stream");
    return content;
  }

 private:
  Error fault(std::string what) const {
    return Error(
        {.what = std::move(what), .where = place_, .remedy = "fetch or write the archive again"});
  }
  Error broken(int code) const {
    if (code == Z_BUF_ERROR) return fault("has a deflate stream that is cut off");
    const char* reason = stream_.msg != nullptr ? stream_.msg : zError(code);
    return fault("has a corrupt deflate stream (" + std::string(reason) + ")");
  }

  const std::string& place_;
  z_stream stream_{};
};

uint32_t crc_of(Bytes bytes) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

ZipArchive::ZipArchive(Bytes file, std::string_view where, ZipOptions options)
    : file_(file),
      where_(where),
      options_(options),
      entries_(read_zip_directory(file, where, options)) {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!by_name_.emplace(entries_[i].name, i).second) {
      throw Error({.what = "has two entries " + excerpt(entries_[i].name),
                   .where = where_,
                   .remedy = "write the archive again, each name once"});
    }
  }
}

const ZipEntry* ZipArchive::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &entries_[found->second];
}

ZipContent ZipArchive::bytes(const ZipEntry& entry) const {
  const std::string place = where_ + ": " + excerpt(entry.name);
  const Bytes packed = file_.subspan(entry.data_offset, entry.packed_size);
  const bool stored = entry.method == ZipEntry::Method::kStored;
  if (!stored && entry.size > options_.size_limit) {
    throw Error({.what = "inflates to " + std::to_string(entry.size) + " bytes, more than " +
                         std::to_string(options_.size_limit),
                 .where = place,
                 .remedy = "unpack it on disk first"});
  }
  ZipContent content =
      stored ? ZipContent(packed) : ZipContent(Inflater(place).run(packed, entry.size));
  if (options_.check_crc && crc_of(content.bytes()) != entry.crc) {
    throw Error({.what = "has another checksum (CRC-32) than the archive says",
                 .where = place,
                 .remedy = "fetch or write the archive again"});
  }
  return content;
}

}  // namespace relata::io
