// Whole files: read at once, mapped, or replaced so that a crash leaves the old or the new content.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace relata {

/// The whole content, of a pipe too. Throws Error if the file cannot be read.
std::string read_file(const std::filesystem::path& path);

/// A read-only memory map of a whole file; moving it keeps the bytes where they are.
class MappedFile {
 public:
  /// Throws Error if the file cannot be opened or mapped, as pipes cannot. An empty file gives an
  /// empty span.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

/// Writes `path` so that it is never seen half-written: a temporary sibling, fsync, rename, fsync
/// of the folder. A writer that is destroyed before `commit` removes its temporary file. Throws
/// Error on failure, of Kind::kMachine unless the folder is missing.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view text);
  void write(std::span<const std::byte> bytes);
  void commit();

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

/// Returns once the content of the file is on the disk.
void sync_file(const std::filesystem::path& path);

/// AtomicFile in one call.
void write_file(const std::filesystem::path& path, std::string_view content);

/// Replaces the folder `path` by what `fill` writes into a temporary sibling; nothing is left
/// behind if it throws. An existing non-empty `path` is an Error: relata does not overwrite a
/// user's folder.
void write_folder(const std::filesystem::path& path,
                  const std::function<void(const std::filesystem::path&)>& fill);

/// Removes the temporary files and folders (name.tmp-<number>) that killed processes left directly
/// inside `folder`; nobody may be writing there. A missing folder has none. Throws Error if one
/// cannot be removed.
void remove_leftovers(const std::filesystem::path& folder);

/// The system calls that AtomicFile writes with; tests put failing ones in their place.
struct WriteCalls {
  std::function<std::ptrdiff_t(int, const void*, std::size_t)> write;
  std::function<int(int)> fsync;
};
WriteCalls& write_calls();

}  // namespace relata
