// One process at a time in a folder.
#pragma once

#include <filesystem>

namespace relata {

/// Held until it goes out of scope or the process dies, however that happens.
class FolderLock {
 public:
  /// Waits up to `seconds` for another holder to leave. Throws Error if it does not, or if the
  /// folder cannot be opened.
  explicit FolderLock(const std::filesystem::path& folder, double seconds = 20);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace relata
