// ZIP archives in memory, read strictly: the container of .npz files and of PyTorch's checkpoints.
// Format: PKWARE's APPNOTE 6.3.10; stored and deflated entries, also with ZIP64 fields.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace relata::io {

struct ZipEntry {
  enum class Method : uint16_t { kStored = 0, kDeflated = 8 };

  std::string name = {};  ///< UTF-8, relative; a folder's ends in "/"
  Method method = Method::kStored;
  uint64_t size = 0;         ///< bytes of the content
  uint64_t packed_size = 0;  ///< bytes in the archive
  uint64_t data_offset = 0;  ///< of the packed bytes, from the start of the archive
  uint32_t crc = 0;          ///< CRC-32 of the content
};

/// Changes what is accepted.
struct ZipOptions {
  uint64_t entry_limit = uint64_t{1} << 20U;  ///< entries in the archive
  uint64_t size_limit = uint64_t{8} << 30U;   ///< content of one deflated entry, in bytes
  /// torch.save leaves the checksums out if it is told to (set_crc32_options).
  bool check_crc = true;
};

/// An entry's content: a view of the archive if it is stored, else bytes of its own.
class ZipContent {
 public:
  explicit ZipContent(std::span<const std::byte> stored) : view_(stored) {}
  explicit ZipContent(std::vector<std::byte> inflated)
      : owned_(std::move(inflated)), view_(owned_) {}
  ZipContent(ZipContent&&) = default;  // a moved vector keeps its bytes where they are
  ZipContent& operator=(ZipContent&&) = default;
  ZipContent(const ZipContent&) = delete;
  ZipContent& operator=(const ZipContent&) = delete;

  std::span<const std::byte> bytes() const { return view_; }

 private:
  std::vector<std::byte> owned_;
  std::span<const std::byte> view_;
};

/// An archive over somebody else's bytes, which must outlive it and its views. Reading entries from
/// several threads at once is safe.
class ZipArchive {
 public:
  /// Reads the central directory and every local header. Throws Error naming `where` and the entry
  /// for anything but a well-formed archive that begins at its first byte and ends at its last:
  /// encrypted entries, other methods, several disks, names that are duplicate, absolute, with ".."
  /// or not UTF-8, headers that contradict each other, data that lie outside or overlap, and sizes
  /// that deflate cannot reach. Nothing is inflated yet.
  ZipArchive(std::span<const std::byte> file, std::string_view where, ZipOptions options = {});

  /// In the order of the central directory.
  std::span<const ZipEntry> entries() const { return entries_; }

  /// The entry of that name, or nullptr.
  const ZipEntry* find(std::string_view name) const;

  /// The content. Stored bytes are not copied: they begin at `entry.data_offset` of the archive.
  /// Throws Error if the checksum differs, the deflate stream is corrupt or its length is not
  /// `entry.size`, or the entry is larger than the limit.
  ZipContent bytes(const ZipEntry& entry) const;

 private:
  std::span<const std::byte> file_;
  std::string where_;
  ZipOptions options_;
  std::vector<ZipEntry> entries_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

}  // namespace relata::io
