#include "relata/io/gguf.h"

#include <algorithm>
#include <array>
#include <bit>
#include <set>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/byte_reader.h"
#include "relata/io/dtype.h"
#include "relata/io/utf8.h"

namespace relata::io {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::string_view kMagic = "GGUF";
constexpr uint32_t kOldest = 2;  // version 1 counted in 32 bits
constexpr uint32_t kNewest = 3;
constexpr uint64_t kDefaultAlignment = 32;
constexpr uint64_t kNameLimit = 65535;  // of keys, in the format's description
constexpr uint32_t kAxesLimit = 4;      // GGML_MAX_DIMS

// The least bytes that each kind of thing takes in a file: counts are compared with them.
constexpr uint64_t kLeastString = 8;
constexpr uint64_t kLeastArray = 4 + 8;
constexpr uint64_t kLeastEntry = kLeastString + 4 + 1;
constexpr uint64_t kLeastTensor = kLeastString + 4 + 4 + 8;

/// Bytes of a value by its type's number; 0: texts and arrays have no fixed size.
constexpr std::array<uint64_t, 13> kValueBytes = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

uint64_t read_count(ByteReader& reader, std::string_view what, uint64_t least) {
  const auto count = reader.number<uint64_t>(what);
  if (count <= reader.left() / least) return count;
  throw reader.fault(std::string(what) + " is " + std::to_string(count) + ", but only " +
                     std::to_string(reader.left()) + " bytes follow");
}

std::string_view read_string(ByteReader& reader, std::string_view what) {
  const uint64_t length = read_count(reader, std::string(what) + " (length)", 1);
  return reader.text(length, what);
}

/// A key or the name of a tensor.
std::string read_name(ByteReader& reader, std::string_view what) {
  const std::string_view name = read_string(reader, what);
  if (name.empty() || name.size() > kNameLimit || invalid_utf8_at(name)) {
    throw reader.fault(std::string(what) + " " + excerpt(name) + " has " +
                       std::to_string(name.size()) + " bytes, expected 1 to " +
                       std::to_string(kNameLimit) + " of UTF-8");
  }
  return std::string(name);
}

/// Metadata values, depth first.
class ValueReader {
 public:
  ValueReader(ByteReader& reader, std::string key) : reader_(reader), key_(std::move(key)) {}

  GgufValue read(uint64_t& arrays_left) { return read_value(read_type(), 0, arrays_left); }

 private:
  GgufType read_type() {
    const auto number = reader_.number<uint32_t>("the type of " + key_);
    if (number < kValueBytes.size()) return static_cast<GgufType>(number);
    throw reader_.fault("the type of " + key_ + " is " + std::to_string(number) +
                        ", expected one from 0 to 12");
  }

  GgufValue read_value(GgufType type, int depth, uint64_t& arrays_left) {
    GgufValue value{.type = type};
    if (type == GgufType::kString) {
      value.value = read_string(reader_, key_);
    } else if (type == GgufType::kArray) {
      value.value = read_array(depth, arrays_left);
    } else {
      read_number(value);
    }
    return value;
  }

  void read_number(GgufValue& value) {
    switch (value.type) {
      case GgufType::kU8:
        value.value = uint64_t{reader_.number<uint8_t>(key_)};
        break;
      case GgufType::kU16:
        value.value = uint64_t{reader_.number<uint16_t>(key_)};
        break;
      case GgufType::kU32:
        value.value = uint64_t{reader_.number<uint32_t>(key_)};
        break;
      case GgufType::kU64:
        value.value = reader_.number<uint64_t>(key_);
        break;
      case GgufType::kI8:
        value.value = int64_t{reader_.number<int8_t>(key_)};
        break;
      case GgufType::kI16:
        value.value = int64_t{reader_.number<int16_t>(key_)};
        break;
      case GgufType::kI32:
        value.value = int64_t{reader_.number<int32_t>(key_)};
        break;
      case GgufType::kI64:
        value.value = reader_.number<int64_t>(key_);
        break;
      case GgufType::kF32:
        value.value = double{std::bit_cast<float>(reader_.number<uint32_t>(key_))};
        break;
      case GgufType::kF64:
        value.value = std::bit_cast<double>(reader_.number<uint64_t>(key_));
        break;
      case GgufType::kBool: {
        const Bytes byte = reader_.take(1, key_);
        check_booleans(byte);
        value.value = byte[0] == std::byte{1};
        break;
      }
      case GgufType::kString:
      case GgufType::kArray:
        break;  // read_value has read them
    }
  }

  GgufArray read_array(int depth, uint64_t& arrays_left) {
    if (depth == kGgufDepth) {
      throw reader_.fault(key_ + " is nested deeper than " + std::to_string(kGgufDepth) +
                          " arrays");
    }
    GgufArray array{.element = read_type()};
    const uint64_t fixed = kValueBytes[static_cast<std::size_t>(array.element)];
    const std::string what = "the length of " + key_;
    if (array.element == GgufType::kString) {
      array.count = read_count(reader_, what, kLeastString);
      array.strings.reserve(array.count);
      for (uint64_t i = 0; i < array.count; ++i)
        array.strings.push_back(read_string(reader_, key_));
    } else if (array.element == GgufType::kArray) {
      array.count = read_count(reader_, what, kLeastArray);
      take_arrays(array.count, arrays_left);
      for (uint64_t i = 0; i < array.count; ++i)
        array.arrays.push_back(read_value(GgufType::kArray, depth + 1, arrays_left));
    } else {
      array.count = read_count(reader_, what, fixed);
      array.bytes = reader_.take(array.count * fixed, key_);
      if (array.element == GgufType::kBool) check_booleans(array.bytes);
    }
    return array;
  }

  void take_arrays(uint64_t count, uint64_t& arrays_left) const {
    if (count > arrays_left) {
      throw reader_.fault(key_ + " holds too many arrays within arrays, at most " +
                          std::to_string(kGgufNestedArrays) + " are read");
    }
    arrays_left -= count;
  }

  void check_booleans(Bytes bytes) const {
    const auto wrong = std::ranges::find_if(bytes, [](std::byte b) { return b > std::byte{1}; });
    if (wrong == bytes.end()) return;
    throw reader_.fault(key_ + " has a boolean of " + std::to_string(std::to_integer<int>(*wrong)) +
                        ", expected 0 or 1");
  }

  ByteReader& reader_;
  std::string key_;
};

uint32_t read_version(ByteReader& reader) {
  if (reader.left() < kMagic.size() || reader.text(kMagic.size(), "magic") != kMagic) {
    throw Error({.what = "does not start with \"GGUF\"",
                 .where = reader.where(),
                 .remedy = "give a GGUF file"});
  }
  const auto version = reader.number<uint32_t>("the version");
  if (version >= kOldest && version <= kNewest) return version;
  const bool swapped = (version & 0xFFFFU) == 0;
  throw Error({.what = swapped ? "is a big-endian GGUF file"
                               : "has version " + std::to_string(version) + " of GGUF",
               .where = reader.where(),
               .remedy = "convert it to little-endian GGUF, version 2 or 3"});
}

uint64_t alignment_of(const GgufContent& content, const ByteReader& reader) {
  const auto found = content.metadata.find("general.alignment");
  if (found == content.metadata.end()) return kDefaultAlignment;
  const uint64_t* alignment = std::get_if<uint64_t>(&found->second.value);
  if (found->second.type != GgufType::kU32 || !std::has_single_bit(*alignment)) {
    throw reader.fault("general.alignment is no power of two of type uint32");
  }
  return *alignment;
}

/// A tensor's description, as it stands before the data.
struct TensorHead {
  GgufTensor tensor;
  uint64_t offset = 0;  ///< from the start of the data
  uint64_t size = 0;
};

std::vector<int64_t> read_shape(ByteReader& reader, const std::string& what) {
  const auto axes = reader.number<uint32_t>(what + " (axes)");
  if (axes > kAxesLimit) {
    throw reader.fault(what + " has " + std::to_string(axes) + " axes, expected at most " +
                       std::to_string(kAxesLimit));
  }
  std::vector<int64_t> shape(axes);
  for (int64_t& axis : shape) axis = reader.number<int64_t>(what + " (shape)");
  std::ranges::reverse(shape);  // the file names the innermost axis first
  return shape;
}

/// Bytes of a tensor whose rows are whole blocks.
uint64_t size_of(const GgufTensor& tensor, const std::string& place) {
  const int64_t count = element_count(tensor.shape, place);
  const int64_t row = tensor.shape.empty() ? 1 : tensor.shape.back();
  const int64_t block = tensor.type->block;
  int64_t size = 0;
  if (row % block != 0 || __builtin_mul_overflow(count / block, tensor.type->bytes, &size)) {
    throw Error({.what = "shape " + shape_text(tensor.shape) + " is too large or its rows are no " +
                         "whole blocks of " + std::to_string(block) + " elements (" +
                         std::string(tensor.type->name) + ")",
                 .where = place,
                 .remedy = "the file is damaged; fetch or write it again"});
  }
  return static_cast<uint64_t>(size);
}

TensorHead read_head(ByteReader& reader) {
  TensorHead head{.tensor = {.name = read_name(reader, "the name of a tensor")}};
  const std::string what = "tensor " + excerpt(head.tensor.name);
  head.tensor.shape = read_shape(reader, what);
  const auto type = reader.number<uint32_t>(what + " (type)");
  head.tensor.type = find_ggml_type(type);
  if (head.tensor.type == nullptr) {
    throw reader.fault(what + " has the unknown element type " + std::to_string(type));
  }
  head.offset = reader.number<uint64_t>(what + " (offset)");
  head.size = size_of(head.tensor, reader.where() + ": " + what);
  return head;
}

/// Points each tensor at its bytes in `data`.
void place(std::vector<TensorHead>& heads, Bytes data, uint64_t alignment,
           const ByteReader& reader) {
  for (TensorHead& head : heads) {
    const std::string what = "tensor " + excerpt(head.tensor.name);
    if (head.offset % alignment != 0) {
      throw reader.fault(what + " begins at byte " + std::to_string(head.offset) +
                         " of the data, expected a multiple of " + std::to_string(alignment));
    }
    if (!lies_within(head.offset, head.size, data.size())) {
      throw reader.fault(what + " has " + std::to_string(head.size) + " bytes from byte " +
                         std::to_string(head.offset) + " of the data on, which has " +
                         std::to_string(data.size()));
    }
    head.tensor.bytes = data.subspan(head.offset, head.size);
  }
}

void check_overlaps(std::span<const TensorHead> heads, const ByteReader& reader) {
  std::vector<const TensorHead*> sorted;
  for (const TensorHead& head : heads) {
    if (head.size > 0) sorted.push_back(&head);
  }
  std::ranges::sort(sorted, {}, &TensorHead::offset);
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i - 1]->offset + sorted[i - 1]->size <= sorted[i]->offset) continue;
    throw reader.fault("tensors " + excerpt(sorted[i - 1]->tensor.name) + " and " +
                       excerpt(sorted[i]->tensor.name) + " overlap");
  }
}

void read_metadata(ByteReader& reader, uint64_t count, GgufContent& content) {
  uint64_t arrays_left = kGgufNestedArrays;
  for (uint64_t i = 0; i < count; ++i) {
    std::string key = read_name(reader, "a key");
    GgufValue value = ValueReader(reader, "key " + excerpt(key)).read(arrays_left);
    if (!content.metadata.emplace(key, std::move(value)).second) {
      throw reader.fault("key " + excerpt(key) + " stands twice");
    }
  }
}

std::vector<TensorHead> read_heads(ByteReader& reader, uint64_t count) {
  std::vector<TensorHead> heads;
  std::set<std::string> names;
  for (uint64_t i = 0; i < count; ++i) {
    heads.push_back(read_head(reader));
    if (!names.insert(heads.back().tensor.name).second) {
      throw reader.fault("tensor " + excerpt(heads.back().tensor.name) + " stands twice");
    }
  }
  return heads;
}

}  // namespace

GgufContent parse_gguf(Bytes file, std::string_view where) {
  ByteReader reader(file, where);
  GgufContent content{.version = read_version(reader)};
  const uint64_t tensors = read_count(reader, "the number of tensors", kLeastTensor);
  const uint64_t entries = read_count(reader, "the number of keys", kLeastEntry);
  read_metadata(reader, entries, content);
  content.alignment = alignment_of(content, reader);
  std::vector<TensorHead> heads = read_heads(reader, tensors);
  // The data begin at the next multiple of the alignment. A file without tensors may end before.
  const uint64_t start =
      (reader.at() + content.alignment - 1) / content.alignment * content.alignment;
  place(heads, file.subspan(std::min<uint64_t>(start, file.size())), content.alignment, reader);
  check_overlaps(heads, reader);
  for (TensorHead& head : heads) content.tensors.push_back(std::move(head.tensor));
  return content;
}

GgufFile::GgufFile(const std::filesystem::path& path)
    : file_(path), content_(parse_gguf(file_.bytes(), path.string())) {}

}  // namespace relata::io
