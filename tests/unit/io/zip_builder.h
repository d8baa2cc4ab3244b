// ZIP archives made by hand, so that each field can be wrong.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "unit/io/support.h"

namespace relata::io {

inline std::string le16(uint64_t n) {
  return {static_cast<char>(n & 0xFF), static_cast<char>(n >> 8 & 0xFF)};
}
inline std::string le32(uint64_t n) { return le16(n & 0xFFFF) + le16(n >> 16); }
inline std::string le64(uint64_t n) { return le32(n & 0xFFFFFFFF) + le32(n >> 32); }

inline std::string deflated(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

inline uint64_t crc_of(std::string_view text) {
  return crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size());
}

struct ZipPart {
  std::string name;
  std::string packed;
  uint64_t size = 0;
  uint64_t crc = 0;
  uint16_t method = 0;
  uint16_t flags = 0;
  bool wide = false;            // sizes and offset in ZIP64 fields
  uint64_t local_size = ~0ULL;  // what the local header says, if something else
  uint64_t offset = ~0ULL;      // what the directory says, if something else
};

inline ZipPart stored(std::string name, std::string text) {
  return {.name = std::move(name), .packed = text, .size = text.size(), .crc = crc_of(text)};
}
inline ZipPart packed(std::string name, const std::string& text) {
  return {.name = std::move(name),
          .packed = deflated(text),
          .size = text.size(),
          .crc = crc_of(text),
          .method = 8};
}

struct ZipBuilder {
  std::string data = {};
  std::string directory = {};
  uint64_t count = 0;

  ZipBuilder& add(const ZipPart& part) {
    const uint64_t offset = part.offset == ~0ULL ? data.size() : part.offset;
    const uint64_t size = part.local_size == ~0ULL ? part.size : part.local_size;
    const auto narrow = [&](uint64_t n) { return le32(part.wide ? 0xFFFFFFFF : n); };
    const bool follow = (part.flags & 8) != 0;
    const std::string local =
        part.wide ? le16(1) + le16(16) + le64(size) + le64(part.packed.size()) : "";
    const std::string kind = le16(45) + le16(part.flags) + le16(part.method) + le32(0);
    data += "PK\3\4" + kind + le32(follow ? 0 : part.crc) +
            (follow ? le64(0) : narrow(part.packed.size()) + narrow(size)) +
            le16(part.name.size()) + le16(local.size()) + part.name + local + part.packed;
    if (follow) data += "PK\7\b" + le32(part.crc) + le32(part.packed.size()) + le32(part.size);
    const std::string central =
        part.wide ? le16(1) + le16(24) + le64(part.size) + le64(part.packed.size()) + le64(offset)
                  : "";
    directory += "PK\1\2" + le16(45) + kind + le32(part.crc) + narrow(part.packed.size()) +
                 narrow(part.size) + le16(part.name.size()) + le16(central.size()) + le16(0) +
                 le16(0) + le16(0) + le32(0) + narrow(offset) + part.name + central;
    ++count;
    return *this;
  }

  std::string end(const std::string& comment = "") const {
    return std::string("PK\5\6") + le16(0) + le16(0) + le16(count) + le16(count) +
           le32(directory.size()) + le32(data.size()) + le16(comment.size()) + comment;
  }
  std::string end64() const {
    const uint64_t at = data.size() + directory.size();
    return std::string("PK\6\6") + le64(44) + le16(45) + le16(45) + le32(0) + le32(0) +
           le64(count) + le64(count) + le64(directory.size()) + le64(data.size()) + "PK\6\7" +
           le32(0) + le64(at) + le32(1);
  }
  std::string build() const { return data + directory + end(); }
  std::string build64() const {
    return data + directory + end64() + "PK\5\6" + le32(0) + le16(0xFFFF) + le16(0xFFFF) +
           le32(0xFFFFFFFF) + le32(0xFFFFFFFF) + le16(0);
  }
};

}  // namespace relata::io
