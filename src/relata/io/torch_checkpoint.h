// PyTorch checkpoints (.pt, .pth, .bin, .ckpt) without PyTorch, and without running anything: zip
// archives of torch.save since 1.6, the streams of older versions, and TorchScript archives.
// Format: torch/serialization.py of PyTorch 2.13; caffe2/serialize/inline_container.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relata/base/file.h"
#include "relata/io/pickle.h"
#include "relata/io/safetensors.h"
#include "relata/io/torch_tree.h"
#include "relata/io/zip.h"

namespace relata::io {

/// Whether `file` starts like a stream of torch.save before version 1.6.
bool is_torch_stream(std::span<const std::byte> file);

/// Whether the archive has a data.pkl.
bool is_torch_archive(const ZipArchive& archive);

/// A checkpoint in memory; the file's bytes are somebody else's and must outlive it.
class TorchContent {
 public:
  /// Throws Error naming `where` and the tensor for anything but a well-formed checkpoint whose
  /// tensors lie within their storages and are of a type that DType names: see parse_pickle,
  /// torch_tensors and ZipArchive for what is refused; also big-endian files, and strided tensors
  /// whose copies exceed 64 MiB and eight times the file.
  TorchContent(std::span<const std::byte> file, std::string_view where);

  /// All tensors, by dotted names (see torch_tensors), in the order of the pickle. Dense ones point
  /// into the file or into entries that had to be inflated, others are copies; what shares a
  /// storage may share bytes.
  std::span<const TensorInfo> tensors() const { return tensors_; }

  /// Everything else that was saved: numbers of epochs, options, names of classes.
  const PickleTree& tree() const { return tree_; }

 private:
  using Bytes = std::span<const std::byte>;
  using FindStorage = std::function<Bytes(const std::string& key)>;

  FindStorage open_archive(Bytes file);
  FindStorage open_stream(Bytes file);
  Bytes storage_of(const TorchStorage& storage, const FindStorage& find,
                   const std::string& place) const;
  TensorInfo read_tensor(const NamedPickle& named, const FindStorage& find);
  void add_tensors(const FindStorage& find);

  std::string where_;
  std::unique_ptr<ZipArchive> archive_;
  std::map<std::string, ZipContent> entries_;  ///< read ones, by name
  PickleTree tree_;
  uint64_t copies_left_ = 0;
  std::vector<std::vector<std::byte>> copies_;
  std::vector<TensorInfo> tensors_;
};

/// A mapped checkpoint. Tensors live as long as this object.
class TorchFile {
 public:
  /// Throws Error as TorchContent does, or if the file cannot be read.
  explicit TorchFile(const std::filesystem::path& path)
      : file_(path), content_(file_.bytes(), path.string()) {}

  const TorchContent& content() const { return content_; }

 private:
  MappedFile file_;
  TorchContent content_;
};

}  // namespace relata::io
