// .npz files: the named arrays of numpy.savez and savez_compressed.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "relata/base/file.h"
#include "relata/io/safetensors.h"
#include "relata/io/zip.h"

namespace relata::io {

/// An archive in memory; the file's bytes are somebody else's and must outlive it.
class NpzContent {
 public:
  /// Throws Error naming `where` and the member as ZipArchive, parse_npy and normalised_bytes do,
  /// and for members that are no .npy files.
  NpzContent(std::span<const std::byte> file, std::string_view where);

  /// In the order of the archive, names without ".npy". Stored arrays whose elements are aligned,
  /// row-major and little-endian point into the file, others are copies.
  std::span<const TensorInfo> arrays() const { return arrays_; }

 private:
  std::vector<ZipContent> members_;
  std::vector<std::vector<std::byte>> copies_;
  std::vector<TensorInfo> arrays_;
};

/// A mapped file. Arrays live as long as this object.
class NpzFile {
 public:
  /// Throws Error as NpzContent does, or if the file cannot be read.
  explicit NpzFile(const std::filesystem::path& path)
      : file_(path), content_(file_.bytes(), path.string()) {}

  std::span<const TensorInfo> arrays() const { return content_.arrays(); }

 private:
  MappedFile file_;
  NpzContent content_;
};

}  // namespace relata::io
