#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/json.h"
#include "relata/io/safetensors.h"
#include "relata/io/utf8.h"

namespace relata::io {
namespace {

constexpr std::size_t kHeaderAlignment = 8;

std::string quoted(std::string_view text, const std::string& where) {
  if (invalid_utf8_at(text)) {
    throw Error({.what = "name or metadata " + excerpt(text) + " is not valid UTF-8",
                 .where = where,
                 .remedy = "name tensors and metadata in UTF-8"});
  }
  return to_line(text);
}

void check_tensor(const TensorInfo& tensor, const std::string& where) {
  const std::string place = where + ": tensor " + excerpt(tensor.name);
  if (tensor.name == "__metadata__") {
    throw Error({.what = "the name is reserved by the format",
                 .where = place,
                 .remedy = "choose another name"});
  }
  const int64_t expected = byte_count(tensor.dtype, tensor.shape, place);
  if (std::cmp_not_equal(tensor.bytes.size(), expected)) {
    throw Error({.what = "has " + std::to_string(tensor.bytes.size()) + " bytes, but " +
                         std::string(dtype_name(tensor.dtype)) + " of shape " +
                         shape_text(tensor.shape) + " has " + std::to_string(expected),
                 .where = place,
                 .remedy = "give the bytes of the whole, dense tensor"});
  }
}

/// The order of the public library: descending dtype, then name.
std::vector<const TensorInfo*> file_order(std::span<const TensorInfo> tensors,
                                          const std::string& where) {
  std::vector<const TensorInfo*> order;
  order.reserve(tensors.size());
  for (const TensorInfo& tensor : tensors) {
    check_tensor(tensor, where);
    order.push_back(&tensor);
  }
  std::ranges::sort(order, {}, &TensorInfo::name);
  const auto twice = std::ranges::adjacent_find(order, {}, &TensorInfo::name);
  if (twice != order.end()) {
    throw Error({.what = "two tensors are named " + excerpt((*twice)->name),
                 .where = where,
                 .remedy = "give each tensor its own name"});
  }
  std::ranges::sort(order, [](const TensorInfo* a, const TensorInfo* b) {
    return a->dtype != b->dtype ? a->dtype > b->dtype : a->name < b->name;
  });
  return order;
}

std::string metadata_entry(const SafetensorsMetadata& metadata, const std::string& where) {
  std::string entry = "\"__metadata__\":{";
  std::string_view comma;
  for (const auto& [key, value] : metadata) {
    entry.append(comma).append(quoted(key, where)).append(":").append(quoted(value, where));
    comma = ",";
  }
  return entry + "}";
}

std::string tensor_entry(const TensorInfo& tensor, std::size_t begin, const std::string& where) {
  const nlohmann::json shape = tensor.shape;
  return quoted(tensor.name, where) + R"(:{"dtype":")" + std::string(dtype_name(tensor.dtype)) +
         R"(","shape":)" + to_line(shape) + R"(,"data_offsets":[)" + std::to_string(begin) + "," +
         std::to_string(begin + tensor.bytes.size()) + "]}";
}

std::string make_header(std::span<const TensorInfo* const> order,
                        const SafetensorsMetadata& metadata, const std::string& where) {
  std::string header = "{";
  if (!metadata.empty()) header += metadata_entry(metadata, where);
  std::size_t begin = 0;
  for (const TensorInfo* tensor : order) {
    if (header.size() > 1) header += ',';
    header += tensor_entry(*tensor, begin, where);
    begin += tensor->bytes.size();
  }
  header += '}';
  // The buffer starts aligned for the widest dtype.
  header.append((kHeaderAlignment - header.size() % kHeaderAlignment) % kHeaderAlignment, ' ');
  if (header.size() > kSafetensorsHeaderLimit) {
    throw Error({.what = "the header has " + std::to_string(header.size()) +
                         " bytes, expected at most " + std::to_string(kSafetensorsHeaderLimit),
                 .where = where,
                 .remedy = "split the tensors over several files"});
  }
  return header;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::span<const TensorInfo> tensors,
                       const SafetensorsMetadata& metadata) {
  const std::vector<const TensorInfo*> order = file_order(tensors, path.string());
  const std::string header = make_header(order, metadata, path.string());
  const uint64_t length = header.size();
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(header);
  for (const TensorInfo* tensor : order) file.write(tensor->bytes);
  file.commit();
}

}  // namespace relata::io
