#include "relata/io/zip_directory.h"

#include <algorithm>
#include <string>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/little_endian.h"
#include "relata/io/member_name.h"
#include "relata/io/utf8.h"

namespace relata::io {
namespace {

using Bytes = std::span<const std::byte>;

// Section numbers are those of APPNOTE.
constexpr uint32_t kLocalHeader = 0x04034b50;    // 4.3.7
constexpr uint32_t kCentralHeader = 0x02014b50;  // 4.3.12
constexpr uint32_t kEnd64 = 0x06064b50;          // 4.3.14
constexpr uint32_t kEnd64Locator = 0x07064b50;   // 4.3.15
constexpr uint32_t kEnd = 0x06054b50;            // 4.3.16
constexpr uint64_t kLocalHeaderBytes = 30;
constexpr uint64_t kCentralHeaderBytes = 46;
constexpr uint64_t kEnd64Bytes = 56;
constexpr uint64_t kEnd64LocatorBytes = 20;
constexpr uint64_t kEndBytes = 22;
constexpr uint16_t kExtra64 = 0x0001;            // 4.5.3
constexpr uint16_t kFlagEncrypted = 1U << 0U;    // 4.4.4
constexpr uint16_t kFlagSizesFollow = 1U << 3U;  // the data descriptor holds them
constexpr uint16_t kFlagPatched = 1U << 5U;
constexpr uint16_t kFlagStrongEncryption = 1U << 6U;
constexpr uint16_t kFlagMasked = 1U << 13U;
constexpr uint16_t kSaturated16 = 0xFFFF;
constexpr uint32_t kSaturated32 = 0xFFFFFFFF;
// Two bits, a length and a distance code, give at most 258 bytes.
constexpr uint64_t kDeflateMost = 258 * 8 / 2;

struct Directory {
  uint64_t entries = 0;
  uint64_t offset = 0;
  uint64_t size = 0;
};

/// Sizes and place of an entry, from the fixed fields or the ZIP64 extra field.
struct Extent {
  uint64_t size = 0;
  uint64_t packed_size = 0;
  uint64_t offset = 0;
};

struct Located {
  ZipEntry entry;
  uint64_t begin = 0;         ///< of its local header
  uint64_t header_bytes = 0;  ///< length of its central header

  uint64_t end() const { return entry.data_offset + entry.packed_size; }
};

class DirectoryReader {
 public:
  DirectoryReader(Bytes file, std::string_view where, const ZipOptions& options)
      : file_(file), where_(where), options_(options) {}

  std::vector<ZipEntry> run() {
    const uint64_t end = find_end();
    const Directory directory = read_end(end);
    uint64_t at = directory.offset;
    const uint64_t stop = directory.offset + directory.size;
    std::vector<Located> located;
    located.reserve(directory.entries);
    for (uint64_t i = 0; i < directory.entries; ++i) {
      located.push_back(read_entry(at, stop, directory.offset));
      at += located.back().header_bytes;
    }
    if (at != stop) throw fault("has bytes behind the last entry of its central directory");
    check_no_overlap(located);
    std::vector<ZipEntry> entries;
    entries.reserve(located.size());
    for (Located& one : located) entries.push_back(std::move(one.entry));
    return entries;
  }

 private:
  Error fault(std::string what, std::string_view entry = {}) const {
    std::string place(where_);
    if (!entry.empty()) place += ": " + excerpt(entry);
    return Error({.what = std::move(what),
                  .where = std::move(place),
                  .remedy = "fetch or write the archive again"});
  }

  template <typename Number>
  Number number(uint64_t offset) const {
    return load_le<Number>(file_, offset);
  }

  /// The end record is the last thing but for a comment of up to 65,535 bytes, whose length it
  /// gives.
  uint64_t find_end() const {
    if (file_.size() < kEndBytes) throw fault("is too short for a ZIP archive");
    const uint64_t last = file_.size() - kEndBytes;
    const uint64_t first = last - std::min<uint64_t>(last, kSaturated16);
    for (uint64_t at = last + 1; at-- > first;) {
      if (number<uint32_t>(at) == kEnd && number<uint16_t>(at + 20) == last - at) return at;
    }
    throw fault("has no end of central directory: not a ZIP archive, or cut off");
  }

  Directory read_end(uint64_t end) const {
    const Directory narrow{.entries = number<uint16_t>(end + 10),
                           .offset = number<uint32_t>(end + 16),
                           .size = number<uint32_t>(end + 12)};
    const auto disk = number<uint16_t>(end + 4);
    const auto directory_disk = number<uint16_t>(end + 6);
    const uint64_t here = number<uint16_t>(end + 8);
    const bool wide =
        end >= kEnd64LocatorBytes && number<uint32_t>(end - kEnd64LocatorBytes) == kEnd64Locator;
    if ((disk != 0 && !(wide && disk == kSaturated16)) ||
        (directory_disk != 0 && !(wide && directory_disk == kSaturated16)) ||
        here != narrow.entries) {
      throw fault("is one part of an archive of several disks");
    }
    return wide ? read_end64(end, narrow) : checked(narrow, end);
  }

  Directory read_end64(uint64_t end, const Directory& narrow) const {
    const uint64_t locator = end - kEnd64LocatorBytes;
    const auto at = number<uint64_t>(locator + 8);
    if (number<uint32_t>(locator + 4) != 0 || number<uint32_t>(locator + 16) > 1) {
      throw fault("is one part of an archive of several disks");
    }
    if (!lies_within(at, kEnd64Bytes, locator) || number<uint32_t>(at) != kEnd64 ||
        number<uint64_t>(at + 4) != locator - at - 12) {
      throw fault("has no ZIP64 end of central directory where its locator says");
    }
    if (number<uint32_t>(at + 16) != 0 || number<uint32_t>(at + 20) != 0 ||
        number<uint64_t>(at + 24) != number<uint64_t>(at + 32)) {
      throw fault("is one part of an archive of several disks");
    }
    const Directory wide{.entries = number<uint64_t>(at + 32),
                         .offset = number<uint64_t>(at + 48),
                         .size = number<uint64_t>(at + 40)};
    if ((narrow.entries != kSaturated16 && narrow.entries != wide.entries) ||
        (narrow.offset != kSaturated32 && narrow.offset != wide.offset) ||
        (narrow.size != kSaturated32 && narrow.size != wide.size)) {
      throw fault("has two ends of central directory that contradict each other");
    }
    return checked(wide, at);
  }

  /// `end` is where the directory must end.
  Directory checked(const Directory& directory, uint64_t end) const {
    if (!lies_within(directory.offset, directory.size, end) ||
        directory.offset + directory.size != end) {
      throw fault("has a central directory of " + std::to_string(directory.size) +
                  " bytes at byte " + std::to_string(directory.offset) +
                  ", but it must end at byte " + std::to_string(end));
    }
    if (directory.entries > directory.size / kCentralHeaderBytes) {
      throw fault("says it has " + std::to_string(directory.entries) +
                  " entries, more than its central directory can hold");
    }
    if (directory.entries > options_.entry_limit) {
      throw fault("has " + std::to_string(directory.entries) + " entries, more than " +
                  std::to_string(options_.entry_limit));
    }
    return directory;
  }

  /// The central header at `at`, of a directory that ends at `stop`; data end at `data_end`.
  Located read_entry(uint64_t at, uint64_t stop, uint64_t data_end) const {
    const Error broken = fault("has a broken central directory at byte " + std::to_string(at));
    if (!lies_within(at, kCentralHeaderBytes, stop)) throw broken;
    const uint64_t name_bytes = number<uint16_t>(at + 28);
    const uint64_t extra_bytes = number<uint16_t>(at + 30);
    const uint64_t length =
        kCentralHeaderBytes + name_bytes + extra_bytes + number<uint16_t>(at + 32);
    if (number<uint32_t>(at) != kCentralHeader || !lies_within(at, length, stop)) throw broken;

    const std::string name = text(at + kCentralHeaderBytes, name_bytes);
    check_member_name(name, where_);
    const auto flags = number<uint16_t>(at + 8);
    check_kind(at, flags, name);
    const Extent extent = widened({.size = number<uint32_t>(at + 24),
                                   .packed_size = number<uint32_t>(at + 20),
                                   .offset = number<uint32_t>(at + 42)},
                                  at + kCentralHeaderBytes + name_bytes, extra_bytes, name);
    ZipEntry entry{.name = name,
                   .method = static_cast<ZipEntry::Method>(number<uint16_t>(at + 10)),
                   .size = extent.size,
                   .packed_size = extent.packed_size,
                   .crc = number<uint32_t>(at + 16)};
    check_sizes(entry);
    entry.data_offset = read_local_header(extent.offset, data_end, flags, entry);
    return {.entry = std::move(entry), .begin = extent.offset, .header_bytes = length};
  }

  std::string text(uint64_t at, uint64_t length) const {
    return {reinterpret_cast<const char*>(file_.data() + at), length};
  }

  void check_kind(uint64_t at, uint16_t flags, std::string_view name) const {
    if ((flags & (kFlagEncrypted | kFlagStrongEncryption | kFlagMasked)) != 0) {
      throw Error({.what = "is encrypted",
                   .where = std::string(where_) + ": " + excerpt(name),
                   .remedy = "decrypt the archive first"});
    }
    if ((flags & kFlagPatched) != 0) throw fault("is patched data, which is not read", name);
    if (number<uint16_t>(at + 34) != 0) throw fault("lies on another disk", name);
    const auto method = number<uint16_t>(at + 10);
    if (method != static_cast<uint16_t>(ZipEntry::Method::kStored) &&
        method != static_cast<uint16_t>(ZipEntry::Method::kDeflated)) {
      throw Error({.what = "is packed by method " + std::to_string(method) +
                           ", expected 0 (stored) or 8 (deflated)",
                   .where = std::string(where_) + ": " + excerpt(name),
                   .remedy = "pack the archive again with deflate"});
    }
  }

  /// The ZIP64 extra field holds, in this order, those values alone whose narrow field is
  /// saturated.
  Extent widened(Extent narrow, uint64_t at, uint64_t extra_bytes, std::string_view name) const {
    const uint64_t stop = at + extra_bytes;
    while (stop - at >= 4) {
      const auto id = number<uint16_t>(at);
      const uint64_t length = number<uint16_t>(at + 2);
      if (!lies_within(at + 4, length, stop)) throw fault("has a broken extra field", name);
      at += 4;
      if (id == kExtra64) return taken(narrow, at, at + length, name);
      at += length;
    }
    return narrow;
  }

  Extent taken(Extent narrow, uint64_t at, uint64_t stop, std::string_view name) const {
    for (uint64_t* field : {&narrow.size, &narrow.packed_size, &narrow.offset}) {
      if (*field != kSaturated32) continue;
      if (!lies_within(at, 8, stop)) throw fault("has a ZIP64 field that is too short", name);
      *field = number<uint64_t>(at);
      at += 8;
    }
    return narrow;
  }

  void check_sizes(const ZipEntry& entry) const {
    const bool stored = entry.method == ZipEntry::Method::kStored;
    if (stored && entry.size != entry.packed_size) {
      throw fault("is stored, but has two sizes, " + std::to_string(entry.size) + " and " +
                      std::to_string(entry.packed_size),
                  entry.name);
    }
    if (!stored && entry.size / kDeflateMost > entry.packed_size) {
      throw fault("says that " + std::to_string(entry.packed_size) + " bytes inflate to " +
                      std::to_string(entry.size) + ", which deflate cannot reach",
                  entry.name);
    }
  }

  /// Where the data begin that the local header at `at` stands before.
  uint64_t read_local_header(uint64_t at, uint64_t data_end, uint16_t flags,
                             const ZipEntry& entry) const {
    if (!lies_within(at, kLocalHeaderBytes, data_end) || number<uint32_t>(at) != kLocalHeader) {
      throw fault("has no local header at byte " + std::to_string(at), entry.name);
    }
    const uint64_t name_bytes = number<uint16_t>(at + 26);
    const uint64_t extra_bytes = number<uint16_t>(at + 28);
    const uint64_t name_at = at + kLocalHeaderBytes;
    if (!lies_within(name_at, name_bytes + extra_bytes, data_end)) {
      throw fault("has a local header that is cut off", entry.name);
    }
    if (number<uint16_t>(at + 6) != flags ||
        number<uint16_t>(at + 8) != static_cast<uint16_t>(entry.method) ||
        text(name_at, name_bytes) != entry.name) {
      throw fault("has a local header that contradicts the central directory", entry.name);
    }
    check_local_sizes(at, name_at + name_bytes, extra_bytes, flags, entry);
    const uint64_t data = name_at + name_bytes + extra_bytes;
    if (!lies_within(data, entry.packed_size, data_end)) {
      throw fault("has " + std::to_string(entry.packed_size) + " bytes at byte " +
                      std::to_string(data) + ", beyond the central directory",
                  entry.name);
    }
    return data;
  }

  void check_local_sizes(uint64_t at, uint64_t extra_at, uint64_t extra_bytes, uint16_t flags,
                         const ZipEntry& entry) const {
    if ((flags & kFlagSizesFollow) != 0) return;  // written before the sizes were known
    const Extent extent =
        widened({.size = number<uint32_t>(at + 22), .packed_size = number<uint32_t>(at + 18)},
                extra_at, extra_bytes, entry.name);
    if (extent.size != entry.size || extent.packed_size != entry.packed_size ||
        number<uint32_t>(at + 14) != entry.crc) {
      throw fault("has a local header that contradicts the central directory", entry.name);
    }
  }

  /// Bombs name the same bytes again and again (Fifield, "A better zip bomb", WOOT 2019).
  void check_no_overlap(std::span<const Located> located) const {
    std::vector<const Located*> order;
    order.reserve(located.size());
    for (const Located& one : located) order.push_back(&one);
    std::ranges::sort(order, {}, [](const Located* one) { return one->begin; });
    for (std::size_t i = 1; i < order.size(); ++i) {
      if (order[i]->begin < order[i - 1]->end()) {
        throw fault("overlaps " + excerpt(order[i - 1]->entry.name), order[i]->entry.name);
      }
    }
  }

  Bytes file_;
  std::string_view where_;
  const ZipOptions& options_;
};

}  // namespace

std::vector<ZipEntry> read_zip_directory(Bytes file, std::string_view where,
                                         const ZipOptions& options) {
  return DirectoryReader(file, where, options).run();
}

}  // namespace relata::io
