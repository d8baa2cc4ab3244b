// The text of a file, whether it is plain (then mapped, not copied) or gzip (then decompressed).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "relata/base/file.h"
#include "relata/io/gzip.h"

namespace relata::io {

class TextFile {
 public:
  /// gzip is told by its first bytes, not by the name; a pipe is read to its end. Throws Error if
  /// the file cannot be read or decompressed.
  explicit TextFile(const std::filesystem::path& path, uint64_t limit = kGunzipLimit);

  /// Lives as long as this object; moving the object ends it.
  std::string_view text() const;

 private:
  std::optional<MappedFile> mapped_;  ///< a plain file
  std::string read_;                  ///< anything else
};

/// The text of a file as a string of its own.
std::string read_text(const std::filesystem::path& path, uint64_t limit = kGunzipLimit);

}  // namespace relata::io
