#include "relata/io/torch_checkpoint.h"

#include <algorithm>
#include <array>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/byte_reader.h"
#include "relata/io/torch_tree.h"
#include "relata/io/utf8.h"

namespace relata::io {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::string_view kPickle = "data.pkl";
/// Bytes of strided tensors that are copied in any case, and for each byte of the file: a small
/// file may expand one number to any shape.
constexpr uint64_t kCopies = uint64_t{64} << 20U;
constexpr uint64_t kCopiesPerByte = 8;

/// What a stream starts with, behind the protocol and a frame: 0x1950A86A20F9469CFC6C, as a pickle.
constexpr std::string_view kStreamMagic("\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19.");
constexpr int64_t kStreamVersion = 1001;

Error damaged(const std::string& what, std::string_view where) {
  return Error({.what = what,
                .where = std::string(where),
                .remedy = "the file is damaged or cut off; fetch or write it again"});
}

Error big_endian(std::string_view where) {
  return Error({.what = "was written by a big-endian machine",
                .where = std::string(where),
                .remedy = "save it again on a little-endian one, or as safetensors"});
}

/// Whether the archive's path ends with /data.pkl, or is it.
bool is_pickle(const ZipEntry& entry) {
  return entry.name == kPickle || entry.name.ends_with("/" + std::string(kPickle));
}

/// torch.save can be told to leave out checksums; they are then all 0.
bool has_checksums(const ZipArchive& archive) {
  return std::ranges::any_of(archive.entries(), [](const ZipEntry& e) { return e.crc != 0; });
}

/// Reads the pickles and storages of a stream, one after the other.
class Stream {
 public:
  Stream(Bytes file, std::string_view where) : reader_(file, where), file_(file) {}

  PickleTree read() {
    next_pickle();  // the magic, which is_torch_stream has seen
    const PickleTree version = next_pickle();
    if (version[version.root].integer != kStreamVersion) {
      throw damaged("has version " + std::to_string(version[version.root].integer) +
                        " of the format, expected 1001",
                    reader_.where());
    }
    check_order(next_pickle());
    PickleTree tree = next_pickle();
    const PickleTree keys = next_pickle();
    read_storages(sizes_of(tree), keys);
    return tree;
  }

  std::map<std::string, Bytes> storages() && { return std::move(storages_); }

 private:
  PickleTree next_pickle() {
    PickleTree tree = parse_pickle(file_.subspan(reader_.at()), reader_.where(),
                                   {.callables = torch_callables()});
    reader_.take(tree.size, "a pickle");
    return tree;
  }

  void check_order(const PickleTree& system) const {
    for (const auto& [key, value] : system[system.root].pairs) {
      if (system[key].text == "little_endian" && system[value].integer == 0)
        throw big_endian(reader_.where());
    }
  }

  struct Size {
    int64_t count = 0;
    int64_t bytes = 0;
    bool operator==(const Size&) const = default;
  };

  /// What the tree says about each storage.
  std::map<std::string, Size> sizes_of(const PickleTree& tree) const {
    std::map<std::string, Size> sizes;
    for (PickleId id = 0; id < tree.nodes.size(); ++id) {
      if (!is_torch_storage(tree, id)) continue;
      const TorchStorage storage = read_torch_storage(tree, id, reader_.where());
      const Size size{storage.count, byte_count(storage.dtype, std::array{storage.count}, "")};
      if (sizes.emplace(storage.key, size).first->second == size) continue;
      throw damaged("storage " + excerpt(storage.key) + " has two sizes", reader_.where());
    }
    return sizes;
  }

  void read_storages(const std::map<std::string, Size>& sizes, const PickleTree& keys) {
    for (const PickleId item : keys[keys.root].items) {
      const std::string key(keys[item].text);
      const std::string what = "storage " + excerpt(key);
      const auto size = sizes.find(key);
      if (size == sizes.end()) throw damaged(what + " belongs to nothing", reader_.where());
      const auto count = reader_.number<int64_t>("the size of " + what);
      if (count != size->second.count) {
        throw damaged(what + " has " + std::to_string(count) + " elements, but its tensors say " +
                          std::to_string(size->second.count),
                      reader_.where());
      }
      const Bytes bytes = reader_.take(static_cast<uint64_t>(size->second.bytes), what);
      if (!storages_.emplace(key, bytes).second) {
        throw damaged(what + " stands twice", reader_.where());
      }
    }
    if (reader_.left() > 0) {
      throw damaged(std::to_string(reader_.left()) + " bytes follow the last storage",
                    reader_.where());
    }
  }

  ByteReader reader_;
  Bytes file_;
  std::map<std::string, Bytes> storages_;
};

}  // namespace

bool is_torch_stream(Bytes file) {
  constexpr std::size_t kProtocol = 2;
  constexpr std::size_t kFrame = 9;
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (!text.starts_with('\x80') || text.size() < kProtocol) return false;
  const std::string_view rest = text.substr(kProtocol);
  return rest.starts_with(kStreamMagic) ||
         (rest.starts_with('\x95') &&
          rest.substr(std::min(kFrame, rest.size())).starts_with(kStreamMagic));
}

bool is_torch_archive(const ZipArchive& archive) {
  return std::ranges::any_of(archive.entries(), is_pickle);
}

TorchContent::TorchContent(Bytes file, std::string_view where)
    : where_(where), copies_left_(kCopies + kCopiesPerByte * file.size()) {
  add_tensors(is_torch_stream(file) ? open_stream(file) : open_archive(file));
}

TorchContent::FindStorage TorchContent::open_archive(Bytes file) {
  archive_ = std::make_unique<ZipArchive>(file, where_);
  if (!has_checksums(*archive_)) {
    archive_ = std::make_unique<ZipArchive>(file, where_, ZipOptions{.check_crc = false});
  }
  const auto entries = archive_->entries();
  const auto pickle = std::ranges::find_if(entries, is_pickle);
  if (pickle == entries.end() ||
      std::find_if(pickle + 1, entries.end(), is_pickle) != entries.end())
    throw damaged("has no data.pkl, or several", where_);
  const std::string folder = pickle->name.substr(0, pickle->name.size() - kPickle.size());

  const auto read = [this](const std::string& name) -> Bytes {
    const auto known = entries_.find(name);
    if (known != entries_.end()) return known->second.bytes();
    const ZipEntry* entry = archive_->find(name);
    if (entry == nullptr) throw damaged("has no " + excerpt(name), where_);
    return entries_.emplace(name, archive_->bytes(*entry)).first->second.bytes();
  };
  if (archive_->find(folder + "byteorder") != nullptr) {
    const Bytes order = read(folder + "byteorder");
    if (!std::ranges::equal(order, std::as_bytes(std::span(std::string_view("little")))))
      throw big_endian(where_);
  }
  const std::string place = where_ + ": " + pickle->name;
  tree_ = parse_pickle(read(pickle->name), place, {.callables = torch_callables()});
  return [read, folder](const std::string& key) { return read(folder + "data/" + key); };
}

TorchContent::FindStorage TorchContent::open_stream(Bytes file) {
  Stream stream(file, where_);
  tree_ = stream.read();
  return [this, storages = std::move(stream).storages()](const std::string& key) {
    const auto found = storages.find(key);
    if (found != storages.end()) return found->second;
    throw damaged("has no storage " + excerpt(key), where_);
  };
}

/// The bytes of the storage, or of the part of it that is meant.
TorchContent::Bytes TorchContent::storage_of(const TorchStorage& storage, const FindStorage& find,
                                             const std::string& place) const {
  const Bytes whole = find(storage.key);
  const uint64_t unit = static_cast<uint64_t>(dtype_bits(storage.dtype)) / 8;
  const uint64_t expected = static_cast<uint64_t>(storage.count) * unit;
  if (whole.size() != expected) {
    throw damaged("its storage has " + std::to_string(whole.size()) + " bytes, expected " +
                      std::to_string(expected),
                  place);
  }
  return whole.subspan(static_cast<uint64_t>(storage.begin) * unit,
                       static_cast<uint64_t>(storage.length) * unit);
}

TensorInfo TorchContent::read_tensor(const NamedPickle& named, const FindStorage& find) {
  const std::string place = where_ + ": tensor " + excerpt(named.name);
  const TorchTensor tensor = read_torch_tensor(tree_, named.id, place);
  const Bytes storage = storage_of(tensor.storage, find, place);
  TensorInfo info{.name = named.name, .dtype = tensor.dtype, .shape = tensor.view.shape};
  const auto size = static_cast<uint64_t>(byte_count(tensor.dtype, tensor.view.shape, place));
  if (size == 0) return info;
  const uint64_t width = static_cast<uint64_t>(dtype_bits(tensor.dtype)) / 8;
  if (is_dense(tensor.view)) {
    info.bytes = storage.subspan(static_cast<uint64_t>(tensor.view.offset) * width, size);
    return info;
  }
  if (size > copies_left_) {
    throw damaged("is a strided tensor of " + std::to_string(size) +
                      " bytes, too many for a file of this size",
                  place);
  }
  copies_left_ -= size;
  copies_.push_back(dense_copy(tensor.view, storage, width));
  info.bytes = copies_.back();
  return info;
}

void TorchContent::add_tensors(const FindStorage& find) {
  std::map<PickleId, std::size_t> done;  // what has several names is read once
  for (const NamedPickle& named : torch_tensors(tree_, where_)) {
    const auto [known, fresh] = done.emplace(named.id, tensors_.size());
    tensors_.push_back(fresh ? read_tensor(named, find) : TensorInfo(tensors_[known->second]));
    tensors_.back().name = named.name;
  }
}

}  // namespace relata::io
