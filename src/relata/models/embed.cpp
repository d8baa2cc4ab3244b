#include "relata/models/embed.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/torch.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/base/hash.h"
#include "relata/base/parallel.h"
#include "relata/io/npy.h"
#include "relata/io/store.h"

namespace relata::models {
namespace {

namespace fs = std::filesystem;
using torch::Tensor;

constexpr int64_t kPicturesAPass = 32;
constexpr int64_t kHashLength = 32;

data::Modality modality_of(Role role) {
  return role == Role::kImage ? data::Modality::kImage : data::Modality::kText;
}

/// One record whose vector is wanted.
struct Item {
  std::string id;
  std::string content;
  std::string hash;
};

io::StoreSchema schema_of(const Encoder& encoder, const EmbedField& field, int64_t width) {
  return {.columns = {{.name = "embedding", .dtype = io::DType::kF32, .shape = {width}},
                      {.name = "content", .dtype = io::DType::kU8, .shape = {kHashLength}}},
          .facts = {{"encoder", encoder.hash(field.role)},
                    {"role", std::string(role_name(field.role))},
                    {"field", field.name}}};
}

/// Vectors of some items, and which of them are broken.
class ItemEncoder {
 public:
  ItemEncoder(Encoder& encoder, Role role, const EmbedOptions& options)
      : encoder_(encoder), role_(role), options_(options) {}

  /// [items that are whole, width]; broken ones are taken out of `items`.
  Tensor run(std::vector<Item>& items) {
    return role_ == Role::kText ? texts(items) : pictures(items);
  }

  const std::vector<std::string>& broken() const { return broken_; }

 private:
  Tensor texts(const std::vector<Item>& items) {
    std::vector<std::string_view> contents;
    for (const Item& item : items) contents.emplace_back(item.content);
    return encoder_.embed_tokens(encoder_.tokens(contents));
  }

  Tensor pictures(std::vector<Item>& items) {
    std::vector<Tensor> parts;
    std::vector<Item> whole;
    for (size_t begin = 0; begin < items.size(); begin += kPicturesAPass) {
      const size_t end = std::min(items.size(), begin + kPicturesAPass);
      std::vector<io::PixelValues> pixels = decoded(std::span(items).subspan(begin, end - begin));
      std::vector<io::PixelValues> there;
      for (size_t i = 0; i < pixels.size(); ++i) {
        if (pixels[i].values.empty()) continue;
        there.push_back(std::move(pixels[i]));
        whole.push_back(std::move(items[begin + i]));
      }
      if (!there.empty()) parts.push_back(encoder_.embed_pixels(there));
    }
    items = std::move(whole);
    return parts.empty() ? Tensor() : torch::cat(parts);
  }

  /// Empty where a picture is broken and that is borne.
  std::vector<io::PixelValues> decoded(std::span<const Item> items) {
    std::vector<io::PixelValues> pixels(items.size());
    std::vector<std::string> faults(items.size());
    parallel_for(static_cast<int64_t>(items.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const auto at = static_cast<size_t>(i);
        const std::string& content = items[at].content;
        try {
          pixels[at] = encoder_.pixels(std::as_bytes(std::span(content)),
                                       fmt::format("record '{}'", items[at].id));
        } catch (const Error& error) {
          if (!options_.skip_broken) throw;
          faults[at] = error.what();
        }
      }
    });
    for (std::string& fault : faults) {
      if (!fault.empty()) broken_.push_back(std::move(fault));
    }
    if (std::cmp_greater(broken_.size(), options_.skip_limit)) {
      throw Error({.what = fmt::format("more than {} broken records", options_.skip_limit),
                   .where = broken_.front()});
    }
    return pixels;
  }

  Encoder& encoder_;
  Role role_;
  const EmbedOptions& options_;
  std::vector<std::string> broken_;
};

/// The records of `view` that have the field, in pieces.
std::vector<Item> read_items(const data::View& view, const EmbedField& field, int64_t begin,
                             int64_t end, EmbedResult& result) {
  std::vector<Item> items;
  for (int64_t i = begin; i < end; ++i) {
    if (!view.present(i, field.name)) {
      ++result.missing;
      continue;
    }
    Item item{.id = view.id(i), .content = view.bytes(i, field.name), .hash = {}};
    item.hash = content_hash(item.content);
    items.push_back(std::move(item));
  }
  return items;
}

bool holds(const io::Store& store, const Item& item) {
  const auto found = store.find(item.id);
  if (!found) return false;
  const auto stored = store.bytes(*found, 1);
  return std::memcmp(stored.data(), item.hash.data(), stored.size()) == 0;
}

class StoreFiller {
 public:
  StoreFiller(const Encoder& encoder, const EmbedField& field, fs::path folder)
      : encoder_(encoder), field_(field), folder_(std::move(folder)) {
    // The width is known once a first vector is; a Store that is there knows it.
    if (fs::exists(folder_ / "store.json")) {
      const auto columns = io::Store(folder_).schema().columns;
      open(columns.empty() || columns[0].shape.empty() ? 0 : columns[0].shape[0]);
    }
  }

  bool holds_same(const Item& item) const { return writer_ && holds(writer_->store(), item); }

  void append(const std::vector<Item>& items, const Tensor& vectors) {
    if (!writer_) open(vectors.size(1));
    std::vector<std::string> ids;
    std::vector<std::string> changed;
    std::string hashes;
    for (const Item& item : items) {
      ids.push_back(item.id);
      hashes += item.hash;
      if (writer_->store().find(item.id)) changed.push_back(item.id);
    }
    writer_->remove(changed);
    const Tensor dense = vectors.contiguous();
    writer_->append({.ids = ids,
                     .bytes = {std::as_bytes(std::span(dense.const_data_ptr<float>(),
                                                       static_cast<size_t>(dense.numel()))),
                               std::as_bytes(std::span(hashes))}});
  }

  int64_t width() const { return writer_ ? writer_->store().schema().columns[0].shape[0] : 0; }

 private:
  void open(int64_t width) {
    writer_ = std::make_unique<io::StoreWriter>(folder_, schema_of(encoder_, field_, width));
  }

  const Encoder& encoder_;
  const EmbedField& field_;
  fs::path folder_;
  std::unique_ptr<io::StoreWriter> writer_;
};

}  // namespace

EmbedField choose_field(const Encoder& encoder, const data::View& view, const std::string& field,
                        std::optional<Role> role) {
  std::vector<EmbedField> candidates;
  for (const data::FieldSpec& spec : view.table().fields) {
    for (const Role has : encoder.roles()) {
      if (spec.modality == modality_of(has) && (field.empty() || spec.name == field) &&
          (!role || *role == has))
        candidates.push_back({spec.name, has});
    }
  }
  if (candidates.size() == 1) return candidates.front();
  std::vector<std::string> names;
  for (const EmbedField& candidate : candidates) names.push_back(candidate.name);
  if (candidates.empty()) {
    for (const data::FieldSpec& spec : view.table().fields)
      names.push_back(fmt::format("{} ({})", spec.name, data::modality_text(spec)));
    throw Error({.what = field.empty() ? std::string("no field that the model encodes")
                                       : fmt::format("the model does not encode '{}'", field),
                 .where = view.dataset().folder().string(),
                 .remedy = fmt::format("its fields are {}", fmt::join(names, ", "))});
  }
  throw Error({.what = fmt::format("several fields: {}", fmt::join(names, ", ")),
               .where = view.dataset().folder().string(),
               .remedy = "say which: --field " + names.front()});
}

EmbedResult embed(Encoder& encoder, const data::View& view, const EmbedField& field,
                  const fs::path& store, const EmbedOptions& options) {
  EmbedResult result;
  StoreFiller filler(encoder, field, store);
  ItemEncoder items_encoder(encoder, field.role, options);
  for (int64_t begin = 0; begin < view.size(); begin += options.items_a_shard) {
    const int64_t end = std::min(view.size(), begin + options.items_a_shard);
    std::vector<Item> items = read_items(view, field, begin, end, result);
    result.reused += static_cast<int64_t>(
        std::erase_if(items, [&](const Item& item) { return filler.holds_same(item); }));
    if (!items.empty()) {
      const Tensor vectors = items_encoder.run(items);
      if (!items.empty()) filler.append(items, vectors);
      result.embedded += static_cast<int64_t>(items.size());
    }
    if (options.on_progress) options.on_progress(end, view.size());
  }
  result.width = filler.width();
  result.broken = items_encoder.broken();
  return result;
}

void export_npy(const fs::path& store, const data::View& view, const EmbedField& field) {
  const io::Store content(store);
  const int64_t width = content.schema().columns.front().shape.front();
  std::vector<std::byte> rows;
  std::string ids;
  int64_t count = 0;
  for (int64_t i = 0; i < view.size(); ++i) {
    const auto item = content.find(view.id(i));
    if (!item) continue;
    const auto bytes = content.bytes(*item, 0);
    rows.insert(rows.end(), bytes.begin(), bytes.end());
    ids += view.id(i) + "\n";
    ++count;
  }
  io::write_npy(store / (field.name + ".npy"), io::DType::kF32, std::vector{count, width}, rows);
  write_file(store / "ids.txt", ids);
}

}  // namespace relata::models
