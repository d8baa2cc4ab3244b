#include "relata/io/store_shard.h"

#include <fmt/format.h>

#include <cstring>
#include <deque>
#include <string>
#include <utility>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/base/hash.h"

namespace relata::io {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIds = "ids";
constexpr std::string_view kIdOffsets = "ids.offsets";

std::string values_name(const StoreColumn& column) { return "column." + column.name; }
std::string offsets_name(const StoreColumn& column) { return "offsets." + column.name; }

const TensorInfo& need(const SafetensorsFile& file, std::string_view name, DType dtype,
                       std::string_view where) {
  const TensorInfo* tensor = file.find(name);
  if (tensor == nullptr || tensor->dtype != dtype) {
    throw Error({.what = fmt::format("no tensor '{}' of {}", name, dtype_name(dtype)),
                 .where = std::string(where)});
  }
  return *tensor;
}

std::vector<int64_t> with_count(int64_t count, const std::vector<int64_t>& shape) {
  std::vector<int64_t> whole{count};
  whole.insert(whole.end(), shape.begin(), shape.end());
  return whole;
}

void check_size(const fs::path& path, const StoreFile& file) {
  std::error_code failed;
  const auto size = fs::file_size(path, failed);
  if (failed || size != file.bytes) {
    throw Error({.what = failed
                             ? std::string("the file is missing")
                             : fmt::format("{} bytes where the manifest has {}", size, file.bytes),
                 .where = path.string(),
                 .remedy = "restore it, or write the Store again"});
  }
}

std::span<const std::byte> bytes_of(const std::vector<int64_t>& numbers) {
  return std::as_bytes(std::span(numbers));
}

std::vector<int64_t> offsets_of(std::span<const int64_t> lengths) {
  std::vector<int64_t> offsets{0};
  for (const int64_t length : lengths) offsets.push_back(offsets.back() + length);
  return offsets;
}

void refuse(const std::string& what) { throw Error({.what = what}); }

/// Elements of each item, and whether the bytes are as many.
std::vector<int64_t> checked_lengths(const StoreItems& items, const StoreColumn& column,
                                     size_t at) {
  std::vector<int64_t> lengths(items.ids.size(), 1);
  if (column.ragged) {
    if (items.lengths.size() <= at || items.lengths[at].size() != items.ids.size())
      refuse(fmt::format("ragged column '{}' without the length of each item", column.name));
    lengths = items.lengths[at];
  }
  int64_t total = 0;
  for (const int64_t length : lengths) {
    if (length < 0) refuse(fmt::format("column '{}': a length of {}", column.name, length));
    total += length;
  }
  const int64_t expected = byte_count(column.dtype, with_count(total, column.shape), column.name);
  if (!std::cmp_equal(items.bytes[at].size(), expected)) {
    refuse(fmt::format("column '{}': {} bytes for {} elements of {}", column.name,
                       items.bytes[at].size(), total, shape_text(column.shape)));
  }
  return lengths;
}

}  // namespace

Offsets::Offsets(const TensorInfo& tensor, int64_t items, int64_t end, std::string_view where)
    : bytes_(tensor.bytes) {
  const auto fail = [&] {
    throw Error({.what = fmt::format("the offsets '{}' do not fit", tensor.name),
                 .where = std::string(where)});
  };
  if (tensor.shape != std::vector{items + 1} || (*this)[0] != 0 || (*this)[items] != end) fail();
  bool falls = false;  // no early end, so that the loop is vectorised: a Store may be large
  for (int64_t i = 0; i < items; ++i) falls |= (*this)[i] > (*this)[i + 1];
  if (falls) fail();
}

int64_t Offsets::operator[](int64_t item) const {
  int64_t value = 0;
  std::memcpy(&value, bytes_.data() + static_cast<size_t>(item) * sizeof(value), sizeof(value));
  return value;
}

StoreShard::StoreShard(const fs::path& path, const StoreFile& file, const StoreSchema& schema)
    : file_((check_size(path, file), path)), items_(file.count) {
  const std::string where = path.string();
  const TensorInfo& ids = need(file_, kIds, DType::kU8, where);
  ids_ = {reinterpret_cast<const char*>(ids.bytes.data()), ids.bytes.size()};
  const auto id_bytes = static_cast<int64_t>(ids.bytes.size());
  id_offsets_.emplace_back(need(file_, kIdOffsets, DType::kI64, where), items_, id_bytes, where);
  size_t expected_tensors = 2;
  for (const StoreColumn& column : schema.columns) {
    const TensorInfo& values = need(file_, values_name(column), column.dtype, where);
    const int64_t elements = values.shape.empty() ? -1 : values.shape.front();
    if (elements < 0 || values.shape != with_count(elements, column.shape) ||
        (!column.ragged && elements != items_)) {
      throw Error({.what = fmt::format("column '{}' is {} for {} items of {}", column.name,
                                       shape_text(values.shape), items_, shape_text(column.shape)),
                   .where = where});
    }
    Column mapped{.values = values.bytes,
                  .element_bytes = byte_count(column.dtype, column.shape, where),
                  .offsets = {}};
    if (column.ragged) {
      mapped.offsets.emplace_back(need(file_, offsets_name(column), DType::kI64, where), items_,
                                  elements, where);
      ++expected_tensors;
    }
    ++expected_tensors;
    columns_.push_back(std::move(mapped));
  }
  if (file_.tensors().size() != expected_tensors)
    throw Error({.what = "tensors that the manifest does not know", .where = where});
}

std::string_view StoreShard::id(int64_t row) const {
  const int64_t begin = id_offsets_.front()[row];
  return ids_.substr(static_cast<size_t>(begin),
                     static_cast<size_t>(id_offsets_.front()[row + 1] - begin));
}

int64_t StoreShard::length(int64_t row, size_t column) const {
  const Column& c = columns_.at(column);
  return c.offsets.empty() ? 1 : c.offsets.front()[row + 1] - c.offsets.front()[row];
}

std::span<const std::byte> StoreShard::bytes(int64_t row, size_t column) const {
  const Column& c = columns_.at(column);
  const int64_t begin = c.offsets.empty() ? row : c.offsets.front()[row];
  return c.values.subspan(static_cast<size_t>(begin * c.element_bytes),
                          static_cast<size_t>(length(row, column) * c.element_bytes));
}

StoreFile write_shard(const fs::path& path, const StoreItems& items, const StoreSchema& schema) {
  if (items.bytes.size() != schema.columns.size()) {
    refuse(fmt::format("{} columns for a Store of {}", items.bytes.size(), schema.columns.size()));
  }
  std::string ids;
  std::vector<int64_t> id_lengths;
  for (const std::string& id : items.ids) {
    ids += id;
    id_lengths.push_back(static_cast<int64_t>(id.size()));
  }
  std::deque<std::vector<int64_t>> kept;  // whose bytes the tensors point to
  std::vector<TensorInfo> tensors;
  const auto add = [&](std::string name, DType dtype, std::vector<int64_t> shape,
                       std::span<const std::byte> bytes) {
    tensors.push_back(
        {.name = std::move(name), .dtype = dtype, .shape = std::move(shape), .bytes = bytes});
  };
  const auto add_offsets = [&](std::string name, std::span<const int64_t> lengths) {
    kept.push_back(offsets_of(lengths));
    add(std::move(name), DType::kI64, {static_cast<int64_t>(kept.back().size())},
        bytes_of(kept.back()));
  };
  add(std::string(kIds), DType::kU8, {static_cast<int64_t>(ids.size())},
      std::as_bytes(std::span(ids)));
  add_offsets(std::string(kIdOffsets), id_lengths);
  for (size_t at = 0; at < schema.columns.size(); ++at) {
    const StoreColumn& column = schema.columns[at];
    const std::vector<int64_t> lengths = checked_lengths(items, column, at);
    int64_t total = 0;
    for (const int64_t length : lengths) total += length;
    add(values_name(column), column.dtype, with_count(total, column.shape), items.bytes[at]);
    if (column.ragged) add_offsets(offsets_name(column), lengths);
  }
  write_safetensors(path, tensors);
  const MappedFile written(path);
  return {.name = path.filename().string(),
          .bytes = written.bytes().size(),
          .hash = Hasher().add(written.bytes()).hex(),
          .count = static_cast<int64_t>(items.ids.size())};
}

}  // namespace relata::io
