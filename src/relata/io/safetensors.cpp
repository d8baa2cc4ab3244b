#include "relata/io/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/json.h"
#include "relata/io/utf8.h"

namespace relata::io {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little,
              "the bytes of tensors are mapped as they are");

constexpr std::size_t kLengthBytes = 8;
constexpr std::string_view kMetadataKey = "__metadata__";
constexpr std::string_view kDamaged = "the file is damaged; fetch or write it again";

Error damaged(std::string what, std::string_view where) {
  return Error(
      {.what = std::move(what), .where = std::string(where), .remedy = std::string(kDamaged)});
}

std::string place_of(std::string_view where, std::string_view name) {
  return std::string(where) + ": tensor " + excerpt(name);
}

/// The JSON text between the length and the tensors' bytes.
std::string_view header_text(std::span<const std::byte> file, std::string_view where) {
  if (file.size() < kLengthBytes) {
    throw damaged("has " + std::to_string(file.size()) + " bytes, expected a header length of 8",
                  where);
  }
  uint64_t length = 0;
  std::memcpy(&length, file.data(), kLengthBytes);
  if (length > kSafetensorsHeaderLimit) {
    throw damaged("header length is " + std::to_string(length) + ", expected at most " +
                      std::to_string(kSafetensorsHeaderLimit),
                  where);
  }
  if (length > file.size() - kLengthBytes) {
    throw damaged("header length is " + std::to_string(length) + ", but only " +
                      std::to_string(file.size() - kLengthBytes) + " bytes follow",
                  where);
  }
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + kLengthBytes, length);
  if (!text.starts_with('{')) {
    throw damaged("header starts with " + excerpt(text.substr(0, 1)) + ", expected \"{\"", where);
  }
  return text;
}

int64_t read_size(const json& value, std::string_view key, std::string_view place) {
  constexpr auto kLargest = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (!value.is_number_unsigned() || value.get<uint64_t>() > kLargest) {
    throw damaged(
        std::string(key) + " has " + excerpt(value.dump()) + ", expected integers from 0 to 2^63-1",
        place);
  }
  return static_cast<int64_t>(value.get<uint64_t>());
}

std::vector<int64_t> read_sizes(const json& value, std::string_view key, std::string_view place) {
  if (!value.is_array()) {
    throw damaged(std::string(key) + " is " + excerpt(value.dump()) + ", expected a list", place);
  }
  std::vector<int64_t> sizes;
  sizes.reserve(value.size());
  for (const json& item : value) sizes.push_back(read_size(item, key, place));
  return sizes;
}

void check_keys(const json& entry, std::string_view place) {
  constexpr std::string_view kExpected = "expected dtype, shape and data_offsets";
  if (!entry.is_object()) {
    throw damaged("is " + excerpt(entry.dump()) + ", " + std::string(kExpected), place);
  }
  for (const auto& [key, value] : entry.items()) {
    if (key != "dtype" && key != "shape" && key != "data_offsets") {
      throw damaged("has the key " + excerpt(key) + ", " + std::string(kExpected), place);
    }
  }
  for (const char* key : {"dtype", "shape", "data_offsets"}) {
    if (!entry.contains(key)) {
      throw damaged("has no " + std::string(key) + ", " + std::string(kExpected), place);
    }
  }
}

DType read_dtype(const json& value, std::string_view place) {
  const auto dtype = value.is_string() ? dtype_from_name(value.get_ref<const std::string&>())
                                       : std::optional<DType>{};
  if (dtype) return *dtype;
  throw Error({.what = "dtype is " + excerpt(value.dump()) + ", expected one such as F32 or BF16",
               .where = std::string(place),
               .remedy = "write the tensor with a dtype of the safetensors format"});
}

/// `buffer` is what follows the header.
TensorInfo read_tensor(const std::string& name, const json& entry,
                       std::span<const std::byte> buffer, std::string_view where) {
  const std::string place = place_of(where, name);
  check_keys(entry, place);
  TensorInfo tensor{.name = name,
                    .dtype = read_dtype(entry["dtype"], place),
                    .shape = read_sizes(entry["shape"], "shape", place)};
  const std::vector<int64_t> offsets = read_sizes(entry["data_offsets"], "data_offsets", place);
  if (offsets.size() != 2 || offsets[0] > offsets[1] ||
      std::cmp_greater(offsets[1], buffer.size())) {
    throw damaged("data_offsets are " + shape_text(offsets) +
                      ", expected begin <= end <= " + std::to_string(buffer.size()),
                  place);
  }
  const int64_t length = offsets[1] - offsets[0];
  const int64_t expected = byte_count(tensor.dtype, tensor.shape, place);
  if (length != expected) {
    throw damaged("data_offsets " + shape_text(offsets) + " span " + std::to_string(length) +
                      " bytes, but " + std::string(dtype_name(tensor.dtype)) + " of shape " +
                      shape_text(tensor.shape) + " has " + std::to_string(expected),
                  place);
  }
  tensor.bytes =
      buffer.subspan(static_cast<std::size_t>(offsets[0]), static_cast<std::size_t>(length));
  return tensor;
}

SafetensorsMetadata read_metadata(const json& value, std::string_view where) {
  const std::string place = std::string(where) + ": " + std::string(kMetadataKey);
  if (!value.is_object()) {
    throw damaged("is " + excerpt(value.dump()) + ", expected an object of strings", place);
  }
  SafetensorsMetadata metadata;
  for (const auto& [key, item] : value.items()) {
    if (!item.is_string()) {
      throw damaged("key " + excerpt(key) + " has " + excerpt(item.dump()) + ", expected a string",
                    place);
    }
    metadata.emplace(key, item.get<std::string>());
  }
  return metadata;
}

/// Sorted tensors must lie end to end and fill the buffer.
void check_layout(std::span<const TensorInfo> tensors, std::span<const std::byte> buffer,
                  std::string_view where) {
  std::size_t end = 0;
  for (const TensorInfo& tensor : tensors) {
    const auto begin = static_cast<std::size_t>(tensor.bytes.data() - buffer.data());
    if (begin != end) {
      throw damaged("begins at byte " + std::to_string(begin) + ", but the one before ends at " +
                        std::to_string(end) + (begin < end ? " (overlap)" : " (gap)"),
                    place_of(where, tensor.name));
    }
    end = begin + tensor.bytes.size();
  }
  if (end != buffer.size()) {
    throw damaged("tensors end at byte " + std::to_string(end) + " of their buffer, which has " +
                      std::to_string(buffer.size()),
                  where);
  }
}

}  // namespace

SafetensorsContent parse_safetensors(std::span<const std::byte> file, std::string_view where) {
  const std::string_view text = header_text(file, where);
  const std::span<const std::byte> buffer = file.subspan(kLengthBytes + text.size());
  const json header = parse_json_strict(text, std::string(where) + " (header)");
  SafetensorsContent content;
  for (const auto& [name, entry] : header.items()) {
    if (name == kMetadataKey) {
      content.metadata = read_metadata(entry, where);
    } else {
      content.tensors.push_back(read_tensor(name, entry, buffer, where));
    }
  }
  // Empty tensors share their offset with the next one and stand before it.
  std::ranges::sort(content.tensors, {}, [](const TensorInfo& tensor) {
    return std::tuple(tensor.bytes.data(), tensor.bytes.size(), std::string_view(tensor.name));
  });
  check_layout(content.tensors, buffer, where);
  return content;
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : file_(path), content_(parse_safetensors(file_.bytes(), path.string())) {
  for (std::size_t i = 0; i < content_.tensors.size(); ++i) {
    by_name_.emplace(content_.tensors[i].name, i);
  }
}

const TensorInfo* SafetensorsFile::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &content_.tensors[found->second];
}

}  // namespace relata::io
