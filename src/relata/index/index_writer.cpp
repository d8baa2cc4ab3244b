#include <fmt/format.h>

#include <deque>
#include <utility>

#include "relata/base/error.h"
#include "relata/index/dot.h"
#include "relata/index/index.h"
#include "relata/index/index_schema.h"
#include "relata/io/utf8.h"

namespace relata::index {
namespace {

namespace fs = std::filesystem;

/// The bytes of a ragged column as they are collected.
struct Ragged {
  std::string bytes;
  std::vector<int64_t> lengths;

  void add(std::string_view value, int64_t elements) {
    bytes += value;
    lengths.push_back(elements);
  }
};

Ragged texts_of(std::span<const std::string> texts, size_t items) {
  Ragged column;
  for (size_t i = 0; i < items; ++i) {
    const std::string_view text = texts.empty() ? std::string_view() : texts[i];
    column.add(text, static_cast<int64_t>(text.size()));
  }
  return column;
}

void check_counts(const IndexItems& items, const IndexSchema& schema) {
  const size_t count = items.ids.size();
  const auto fail = [&](const std::string& what, size_t found) {
    throw Error({.what = fmt::format("{} {} for {} items", found, what, count)});
  };
  const auto width = static_cast<size_t>(schema.width);
  if (items.vectors.size() != count * width)
    throw Error({.what = fmt::format("{} numbers for {} vectors of {}", items.vectors.size(), count,
                                     width)});
  if (!items.texts.empty() && items.texts.size() != count) fail("texts", items.texts.size());
  if (!items.contents.empty() && items.contents.size() != count)
    fail("content hashes", items.contents.size());
  if (!items.columns.empty() && items.columns.size() != schema.columns.size())
    throw Error({.what = fmt::format("{} columns of metadata, not {}", items.columns.size(),
                                     schema.columns.size())});
  for (const auto& column : items.columns) {
    if (column.size() != count) fail("values", column.size());
  }
}

std::vector<float> unit_vectors(const IndexItems& items, int64_t width) {
  std::vector<float> unit(items.vectors.begin(), items.vectors.end());
  const auto size = static_cast<size_t>(width);
  for (size_t i = 0; i < items.ids.size(); ++i) {
    if (!normalise(std::span(unit).subspan(i * size, size))) {
      throw Error({.what = "a vector of length 0, or with a number that is not finite",
                   .where = "item " + io::excerpt(items.ids[i])});
    }
  }
  return unit;
}

Ragged metadata(const Column& column, const std::vector<Value>* values,
                std::span<const std::string> ids) {
  Ragged stored;
  for (size_t i = 0; i < ids.size(); ++i) {
    try {
      const StoredValue value =
          values == nullptr ? StoredValue{} : stored_value(column, (*values)[i]);
      stored.add(value.bytes, value.elements);
    } catch (const Error& error) {
      throw Error({.what = error.parts().what, .where = "item " + io::excerpt(ids[i])});
    }
  }
  return stored;
}

const IndexSchema& in_new_folder(const fs::path& folder, const IndexSchema& schema) {
  if (fs::exists(folder) && !(fs::is_directory(folder) && fs::is_empty(folder))) {
    throw Error({.what = "there is something already",
                 .where = folder.string(),
                 .remedy = "choose another folder, or add to an index with relata index add"});
  }
  return schema;
}

}  // namespace

IndexWriter::IndexWriter(const fs::path& folder, const IndexSchema& schema)
    : schema_(in_new_folder(folder, schema)),
      writer_(std::make_unique<io::StoreWriter>(folder, store_schema(schema))) {}

IndexWriter::IndexWriter(const fs::path& folder) {
  const io::StoreSchema stored = io::Store(folder).schema();
  schema_ = index_schema(stored, folder.string());
  writer_ = std::make_unique<io::StoreWriter>(folder, stored);
}

void IndexWriter::stage_removal(std::span<const std::string> ids) { writer_->stage_removal(ids); }

void IndexWriter::commit() { writer_->commit(); }

void IndexWriter::stage(const IndexItems& items) {
  check_counts(items, schema_);
  for (const std::string& id : items.ids) {
    if (io::invalid_utf8_at(id))
      throw Error({.what = "an id that is not UTF-8", .where = io::excerpt(id)});
  }
  const std::vector<float> unit = unit_vectors(items, schema_.width);
  std::vector<uint16_t> rounded;
  if (schema_.bf16) {
    for (const float x : unit) rounded.push_back(to_bfloat(x));
  }
  std::deque<Ragged> kept;  // whose bytes `stored` points to
  io::StoreItems stored{.ids = items.ids, .bytes = {}, .lengths = {}};
  const auto add_dense = [&](std::span<const std::byte> bytes) {
    stored.bytes.push_back(bytes);
    stored.lengths.emplace_back();
  };
  const auto add_ragged = [&](Ragged column) {
    kept.push_back(std::move(column));
    stored.bytes.push_back(std::as_bytes(std::span(kept.back().bytes)));
    stored.lengths.push_back(std::move(kept.back().lengths));
  };
  add_dense(std::as_bytes(std::span(unit)));
  add_ragged(texts_of(items.contents, items.ids.size()));
  add_ragged(texts_of(items.texts, items.ids.size()));
  if (schema_.bf16) add_dense(std::as_bytes(std::span(rounded)));
  for (size_t i = 0; i < schema_.columns.size(); ++i) {
    add_ragged(metadata(schema_.columns[i], items.columns.empty() ? nullptr : &items.columns[i],
                        items.ids));
  }
  writer_->stage(stored);
}

}  // namespace relata::index
