#include "relata/search/build.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "relata/base/error.h"
#include "relata/base/hash.h"
#include "relata/models/embed.h"
#include "relata/search/metadata.h"

namespace relata::search {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kItemsAShard = 65536;

models::Role role_of(const std::string& name) {
  return name == models::role_name(models::Role::kImage) ? models::Role::kImage
                                                         : models::Role::kText;
}

/// Where vectors wait until they are part of the index.
fs::path encoding_of(const fs::path& folder) {
  fs::path path = folder.lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path += ".encoding";
}

std::string fact_of(const index::IndexSchema& schema, const char* name) {
  const auto found = schema.facts.find(name);
  return found == schema.facts.end() ? std::string() : found->second;
}

/// One record as the index will hold it, but for its vector.
struct Record {
  int64_t position = 0;
  std::string text;
  std::vector<index::Value> values;
  std::string fingerprint;  ///< of all that the index holds of it
};

class RecordReader {
 public:
  RecordReader(const data::View& view, const index::IndexSchema& schema)
      : view_(view),
        schema_(schema),
        field_(fact_of(schema, facts::kField)),
        text_field_(fact_of(schema, facts::kText)) {}

  bool present(int64_t position) const { return view_.present(position, field_); }

  Record read(int64_t position) const {
    Record record{.position = position};
    if (!text_field_.empty() && view_.present(position, text_field_))
      record.text = fmt::format("{}", fmt::join(view_.texts(position, text_field_), "\n"));
    Hasher hasher;
    const auto add = [&](std::string_view part) {
      hasher.add(std::to_string(part.size())).add(":").add(part);
    };
    add(content_hash(view_.bytes(position, field_)));
    add(record.text);
    for (const index::Column& column : schema_.columns) {
      record.values.push_back(value_of(column, view_, position));
      add(index::stored_value(column, record.values.back()).bytes);
    }
    record.fingerprint = hasher.hex();
    return record;
  }

 private:
  const data::View& view_;
  const index::IndexSchema& schema_;
  std::string field_;
  std::string text_field_;
};

/// Vectors of the records that are wanted, as a Store that a cut run goes on with.
io::Store encoded(models::Encoder& encoder, const data::View& wanted,
                  const models::EmbedField& field, const fs::path& folder,
                  const AddOptions& options, AddResult& result) {
  if (fs::exists(folder / "store.json")) {
    const auto facts = io::Store(folder).schema().facts;
    const auto is = [&](const char* name, const std::string& value) {
      const auto found = facts.find(name);
      return found != facts.end() && found->second == value;
    };
    if (!is("encoder", encoder.hash(field.role)) || !is("field", field.name))
      fs::remove_all(folder);  // of another model, before a run that was cut
  }
  const models::EmbedResult embedded =
      models::embed(encoder, wanted, field, folder,
                    {.skip_broken = options.skip_broken, .on_progress = options.on_progress});
  result.broken = embedded.broken;
  if (!fs::exists(folder / "store.json")) {
    throw Error({.what = "no record that could be encoded",
                 .where = wanted.dataset().folder().string(),
                 .remedy = fmt::format("look at the field '{}'", field.name)});
  }
  return io::Store(folder);
}

/// Gathers items until a shard is full.
class Stager {
 public:
  Stager(index::IndexWriter& writer, const io::Store& vectors)
      : writer_(writer), vectors_(vectors) {
    columns_.resize(writer.schema().columns.size());
  }

  /// False where there is no vector: the record is broken.
  bool add(const std::string& id, Record record) {
    const auto item = vectors_.find(id);
    if (!item) return false;
    ids_.push_back(id);
    const auto bytes = vectors_.bytes(*item, 0);
    const auto* values = reinterpret_cast<const float*>(bytes.data());
    numbers_.insert(numbers_.end(), values, values + bytes.size() / sizeof(float));
    texts_.push_back(std::move(record.text));
    contents_.push_back(std::move(record.fingerprint));
    for (size_t i = 0; i < columns_.size(); ++i) columns_[i].push_back(std::move(record.values[i]));
    if (std::cmp_greater_equal(ids_.size(), kItemsAShard)) flush();
    return true;
  }

  void flush() {
    writer_.stage({.ids = ids_,
                   .vectors = numbers_,
                   .texts = texts_,
                   .columns = columns_,
                   .contents = contents_});
    for (auto* list : {&ids_, &texts_, &contents_}) list->clear();
    numbers_.clear();
    for (auto& column : columns_) column.clear();
  }

 private:
  index::IndexWriter& writer_;
  const io::Store& vectors_;
  std::vector<std::string> ids_;
  std::vector<float> numbers_;
  std::vector<std::string> texts_;
  std::vector<std::string> contents_;
  std::vector<std::vector<index::Value>> columns_;
};

/// The positions of records that `there` does not hold as they are.
std::vector<int64_t> wanted_of(const data::View& view, const RecordReader& reader,
                               const index::Index* there, AddResult& result) {
  std::vector<int64_t> positions;
  for (int64_t i = 0; i < view.size(); ++i) {
    if (!reader.present(i)) {
      ++result.missing;
      continue;
    }
    const auto item = there == nullptr ? std::nullopt : there->find(view.id(i));
    if (item && there->content(*item) == reader.read(i).fingerprint) {
      ++result.unchanged;
    } else {
      positions.push_back(i);
    }
  }
  return positions;
}

void stage_all(index::IndexWriter& writer, const io::Store& vectors, const data::View& wanted,
               AddResult& result) {
  const RecordReader reader(wanted, writer.schema());
  std::vector<std::string> replaced;
  for (int64_t i = 0; i < wanted.size(); ++i) {
    if (vectors.find(wanted.id(i)) && writer.store().find(wanted.id(i)))
      replaced.push_back(wanted.id(i));
  }
  writer.stage_removal(replaced);
  Stager stager(writer, vectors);
  int64_t staged = 0;
  for (int64_t i = 0; i < wanted.size(); ++i)
    staged += stager.add(wanted.id(i), reader.read(i)) ? 1 : 0;
  stager.flush();
  result.replaced = static_cast<int64_t>(replaced.size());
  result.added = staged - result.replaced;
}

const data::FieldSpec& need_field(const data::View& view, const std::string& name,
                                  data::Modality modality) {
  const data::FieldSpec* spec = view.table().find(name);
  if (spec == nullptr || spec->modality != modality) {
    std::vector<std::string> names;
    for (const data::FieldSpec& known : view.table().fields) {
      if (known.modality == modality) names.push_back(known.name);
    }
    const char* what = modality == data::Modality::kImage ? "pictures" : "text";
    throw Error({.what = fmt::format("'{}' is no field of {}", name, what),
                 .where = view.dataset().folder().string(),
                 .remedy = fmt::format("those there are: {}", fmt::join(names, ", "))});
  }
  return *spec;
}

std::string picture_field(const data::View& view, const BuildOptions& build) {
  if (!build.picture_field.empty())
    return need_field(view, build.picture_field, data::Modality::kImage).name;
  std::vector<std::string> found;
  for (const data::FieldSpec& spec : view.table().fields) {
    if (spec.modality == data::Modality::kImage) found.push_back(spec.name);
  }
  return found.size() == 1 ? found.front() : std::string();
}

index::IndexSchema schema_of(models::Encoder& encoder, const std::string& model,
                             const data::View& view, const BuildOptions& build) {
  const models::EmbedField field = models::choose_field(encoder, view, build.field, build.role);
  const bool is_text = field.role == models::Role::kText;
  const std::string text = !build.text_field.empty() ? build.text_field
                           : is_text                 ? field.name
                                                     : std::string();
  if (!text.empty()) need_field(view, text, data::Modality::kText);
  const std::string picture =
      is_text || !build.picture_field.empty() ? picture_field(view, build) : field.name;
  index::IndexSchema schema{
      .bf16 = build.bf16,
      .facts = {{facts::kModel, model},
                {facts::kWeights, encoder.weights_hash()},
                {facts::kEncoder, encoder.hash(field.role)},
                {facts::kRole, std::string(models::role_name(field.role))},
                {facts::kField, field.name},
                {facts::kText, text},
                {facts::kPicture, picture},
                {facts::kData, fs::absolute(view.dataset().folder()).lexically_normal().string()}}};
  std::vector<std::string> columns = build.columns;
  const auto names_picture = [&](const std::string& c) {
    return c == picture || c == picture + ":string";
  };
  if (!picture.empty() && std::ranges::none_of(columns, names_picture)) columns.push_back(picture);
  for (const std::string& column : columns) schema.columns.push_back(column_for(column, view));
  return schema;
}

/// Before hours of encoding, not after.
void check_metadata(const data::View& view, const index::IndexSchema& schema) {
  for (const index::Column& column : schema.columns) {
    for (int64_t i = 0; i < view.size(); ++i) value_of(column, view, i);
  }
}

void require_no_folder(const fs::path& folder) {
  if (fs::exists(folder) && !(fs::is_directory(folder) && fs::is_empty(folder))) {
    throw Error({.what = "there is something already",
                 .where = folder.string(),
                 .remedy = "choose another folder; relata index add adds to an index"});
  }
}

}  // namespace

void require_same_model(const models::Encoder& encoder, const index::Index& index) {
  const std::string& made_with = index.fact(facts::kWeights);
  if (encoder.weights_hash() == made_with) return;
  throw Error({.what = fmt::format("made with another model: weights {}, not {}", made_with,
                                   encoder.weights_hash()),
               .where = index.folder().string(),
               .remedy = fmt::format("use {}, or --force if you know that they fit",
                                     index.fact(facts::kModel))});
}

AddResult build_index(models::Encoder& encoder, const std::string& model, const data::View& view,
                      const fs::path& folder, const BuildOptions& build,
                      const AddOptions& options) {
  require_no_folder(folder);
  AddResult result;
  index::IndexSchema schema = schema_of(encoder, model, view, build);
  const RecordReader reader(view, schema);
  const std::vector<int64_t> positions = wanted_of(view, reader, nullptr, result);
  const data::View wanted = view.select(positions);
  const models::EmbedField field{fact_of(schema, facts::kField),
                                 role_of(fact_of(schema, facts::kRole))};
  if (wanted.size() == 0) {
    throw Error({.what = fmt::format("no record has the field '{}'", field.name),
                 .where = view.dataset().folder().string()});
  }
  check_metadata(wanted, schema);
  const fs::path encoding = encoding_of(folder);
  const io::Store vectors = encoded(encoder, wanted, field, encoding, options, result);
  schema.width = vectors.schema().columns.front().shape.front();
  {
    index::IndexWriter writer(folder, schema);
    stage_all(writer, vectors, wanted, result);
    writer.commit();
  }
  fs::remove_all(encoding);
  return result;
}

AddResult add_to_index(models::Encoder& encoder, const data::View& view, const fs::path& folder,
                       const AddOptions& options) {
  const index::Index index(folder);
  const models::EmbedField field{index.fact(facts::kField), role_of(index.fact(facts::kRole))};
  if (!options.force) {
    require_same_model(encoder, index);
    if (encoder.hash(field.role) != index.fact(facts::kEncoder)) {
      throw Error({.what = "made with another tokenizer, preprocessing, precision or treatment of "
                           "special tokens",
                   .where = folder.string(),
                   .remedy = "give the options it was built with, or --force"});
    }
  }
  models::choose_field(encoder, view, field.name, field.role);
  for (const index::Column& column : index.schema().columns) column_for(column.name, view);
  if (const std::string text = index.fact(facts::kText); !text.empty())
    need_field(view, text, data::Modality::kText);
  check_metadata(view, index.schema());
  AddResult result;
  const std::vector<int64_t> positions =
      wanted_of(view, RecordReader(view, index.schema()), &index, result);
  if (positions.empty()) return result;
  const data::View wanted = view.select(positions);
  const fs::path encoding = encoding_of(folder);
  const io::Store vectors = encoded(encoder, wanted, field, encoding, options, result);
  {
    index::IndexWriter writer(folder);
    stage_all(writer, vectors, wanted, result);
    writer.commit();
  }
  fs::remove_all(encoding);
  return result;
}

}  // namespace relata::search
