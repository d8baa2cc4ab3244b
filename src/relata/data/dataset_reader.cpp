// Dataset::open: from JSON Lines and .npy files to checked columns.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "relata/base/error.h"
#include "relata/base/log.h"
#include "relata/data/column_reader.h"
#include "relata/data/dataset_content.h"
#include "relata/data/import_image_folder.h"
#include "relata/data/infer.h"
#include "relata/data/split.h"
#include "relata/io/jsonl.h"

namespace relata::data {
namespace {

using nlohmann::json;

/// What is no JSON Lines file by its name, and which command reads it.
void refuse_tables(const std::filesystem::path& path) {
  for (const std::string_view ending : {".csv", ".tsv", ".csv.gz", ".tsv.gz"}) {
    if (!path.filename().string().ends_with(ending)) continue;
    throw Error({.what = "is a table, expected a dataset folder or a .jsonl file",
                 .where = path.string(),
                 .remedy = "turn it into a dataset with 'relata import data csv'"});
  }
}

}  // namespace

/// Reads one dataset; holds what is shared between records while reading.
class DatasetReader {
 public:
  DatasetReader(Dataset& dataset, const OpenOptions& options)
      : content_(*dataset.content_),
        options_(options),
        columns_(content_.schema, content_.folder) {}

  void read(const std::filesystem::path& path) {
    read_schema_of(path);
    content_.files = std::make_unique<FieldFiles>(content_.folder);
    for (const TableSpec& spec : content_.schema.tables) read_table(spec);
    check_group_is_there();
    for (size_t t = 0; t < content_.tables.size(); ++t) resolve(t);
    if (!options_.fractions.empty()) cut_main_table();
    for (const std::string& line : content_.skipped) spdlog::warn("skipped {}", line);
  }

 private:
  using Column = Dataset::Column;
  using Table = Dataset::Content::Table;

  void read_schema_of(const std::filesystem::path& path) {
    if (!std::filesystem::is_directory(path)) {
      refuse_tables(path);
      content_.folder = path.has_parent_path() ? path.parent_path() : ".";
      content_.schema = infer_schema(path);
      return;
    }
    content_.folder = path;
    if (std::filesystem::exists(path / "dataset.yaml")) {
      content_.schema = read_schema(path / "dataset.yaml");
    } else if (holds_pictures(path)) {
      list_pictures(path);
    } else {
      throw Error({.what = "holds no dataset.yaml",
                   .where = path.string(),
                   .remedy = "name a dataset folder, a folder of pictures or a .jsonl file, or "
                             "make one with 'relata import data'"});
    }
  }

  /// A plain folder of pictures is read as `relata import data imagefolder` would write it.
  void list_pictures(const std::filesystem::path& path) {
    const PictureOptions options{.on_error = options_.on_error};
    PictureFiles files =
        picture_files(read_image_folder({.folder = path, .options = options}), path, options);
    content_.schema = std::move(files.schema);
    lines_of_split_ = {files.splits.begin(), files.splits.end()};
    for (const std::string& caption : files.summary.left_out) note_skipped(caption);
    spdlog::info("{}: a folder of {} pictures with {} captions", path.string(),
                 files.summary.pictures, files.summary.captions);
  }

  void read_table(const TableSpec& spec) {
    Table& table = content_.tables.emplace_back();
    for (const FieldSpec& field : spec.fields) table.columns[field.name].spec = field;
    check_group_field(spec);
    for (const auto& [split, file] : spec.splits) {
      const std::filesystem::path path = content_.folder / file;
      const auto lines = lines_of_split_.find(split);
      if (lines == lines_of_split_.end()) {
        io::JsonlReader reader(path);
        table.splits.emplace_back(split, read_records(table, reader, path));
      } else {
        io::JsonlScanner scanner(lines->second, path.string());
        table.splits.emplace_back(split, read_records(table, scanner, path));
      }
    }
  }

  /// The rows that were added.
  template <typename Reader>
  std::vector<int64_t> read_records(Table& table, Reader& reader,
                                    const std::filesystem::path& path) {
    std::vector<int64_t> rows;
    while (true) {
      const auto row = static_cast<int64_t>(table.ids.size());
      try {
        const auto record = reader.next();
        if (!record) break;
        read_record(table, *record, reader.where());
        rows.push_back(row);
      } catch (const Error& error) {
        skip(table, error);
      }
    }
    if (rows.empty()) {
      throw Error({.what = "has no records, expected at least one", .where = path.string()});
    }
    return rows;
  }

  /// Leaves out the record that the error is about, if that is wanted.
  void skip(Table& table, const Error& error) {
    if (options_.on_error == OnError::kFail) throw error;
    note_skipped(error.what());
    for (auto& [name, column] : table.columns) ColumnReader::truncate(column, table.ids.size());
  }

  void note_skipped(const std::string& line) {
    content_.skipped.push_back(line);
    if (static_cast<int64_t>(content_.skipped.size()) <= options_.skip_limit) return;
    throw Error({.what = fmt::format("more than {} broken records; the last: {}",
                                     options_.skip_limit, line)});
  }

  void check_group_field(const TableSpec& spec) const {
    const FieldSpec* field =
        content_.schema.group.empty() ? nullptr : spec.find(content_.schema.group);
    if (field != nullptr && (field->modality == Modality::kVector || field->list)) {
      throw Error(
          {.what = fmt::format("the group field '{}' must hold one text or number", field->name),
           .where = (content_.folder / "dataset.yaml").string()});
    }
  }

  /// A misspelt group would let every row stand for itself, and splits cut through groups.
  void check_group_is_there() const {
    if (content_.schema.group.empty() || has_group_) return;
    throw Error({.what = fmt::format("no record has the group field '{}'", content_.schema.group),
                 .where = content_.folder.string(),
                 .remedy = "correct `group:` in dataset.yaml, or remove it"});
  }

  /// Appends one record to every column.
  void read_record(Table& table, const json& record, const std::string& where) {
    const auto row = static_cast<int64_t>(table.ids.size());
    std::string id =
        record.contains("id") ? scalar_text(record["id"], {where, "id"}) : std::to_string(row);
    if (table.row_of_id.contains(id)) {
      throw Error({.what = "the id '" + id + "' is given twice",
                   .where = where,
                   .remedy = "ids must be unique"});
    }
    check_fields(table, record, where);
    std::string group = id;
    const auto found = record.find(content_.schema.group);
    const bool grouped =
        !content_.schema.group.empty() && found != record.end() && !found->is_null();
    if (grouped) group = scalar_text(*found, {where, content_.schema.group});
    for (auto& [name, column] : table.columns) columns_.append(column, record, where);
    has_group_ = has_group_ || grouped;
    table.row_of_id.emplace(id, row);
    table.ids.push_back(std::move(id));
    table.groups.push_back(std::move(group));
  }

  void check_fields(const Table& table, const json& record, const std::string& where) const {
    for (const auto& entry : record.items()) {
      if (entry.key() == "id" || entry.key() == content_.schema.group) continue;
      if (table.columns.contains(entry.key())) continue;
      throw Error({.what = "field '" + entry.key() + "' is not declared",
                   .where = where,
                   .remedy = "declare it under `fields:` in dataset.yaml, or remove it"});
    }
  }

  /// Turns the ids in ref fields into rows, and notes the way back.
  void resolve(size_t t) {
    Table& table = content_.tables[t];
    for (auto& [name, column] : table.columns) {
      if (column.spec.modality != Modality::kRef) continue;
      const size_t other = table_number(column.spec.table);
      const Table& target = content_.tables[other];
      column.targets.resize(table.ids.size());
      column.referrers.resize(target.ids.size());
      for (size_t row = 0; row < table.ids.size(); ++row) {
        for (const std::string& id : column.texts[row]) {
          const auto found = target.row_of_id.find(id);
          if (found == target.row_of_id.end()) {
            throw Error({.what = fmt::format(
                             "field '{}' of '{}' names '{}', which is not in the table '{}'", name,
                             table.ids[row], id, column.spec.table),
                         .where = content_.folder.string()});
          }
          column.targets[row].push_back({static_cast<int64_t>(other), found->second});
          column.referrers[static_cast<size_t>(found->second)].push_back(
              {static_cast<int64_t>(t), static_cast<int64_t>(row)});
        }
      }
    }
  }

  size_t table_number(const std::string& name) const {
    const auto& tables = content_.schema.tables;
    const auto found = std::find_if(tables.begin(), tables.end(),
                                    [&](const TableSpec& s) { return s.name == name; });
    return static_cast<size_t>(found - tables.begin());
  }

  /// Cuts the only split; one of rows without a label, as the import makes it, is left as it is.
  void cut_main_table() {
    Table& table = content_.tables.front();
    const auto other = std::ranges::partition(
        table.splits, [](const auto& split) { return split.first != "unlabelled"; });
    if (std::distance(table.splits.begin(), other.begin()) != 1) {
      throw Error({.what = "already has splits, so --split does not apply",
                   .where = content_.folder.string()});
    }
    const std::vector<int64_t> rows = std::move(table.splits.front().second);
    std::vector<std::string> groups;
    for (const int64_t row : rows) groups.push_back(table.groups[static_cast<size_t>(row)]);
    auto parts = named_split(groups, options_.fractions, options_.seed);
    for (auto& part : parts) {
      for (int64_t& row : part.second) row = rows[static_cast<size_t>(row)];
    }
    std::ranges::move(other, std::back_inserter(parts));
    table.splits = std::move(parts);
  }

  Dataset::Content& content_;
  const OpenOptions& options_;
  ColumnReader columns_;
  std::map<std::string, std::string> lines_of_split_;  ///< of a plain folder of pictures
  bool has_group_ = false;
};

std::shared_ptr<const Dataset> Dataset::open(const std::filesystem::path& path,
                                             const OpenOptions& options) {
  if (!std::filesystem::exists(path)) {
    throw Error({.what = "there is no such folder or file",
                 .where = path.string(),
                 .remedy = "check the path"});
  }
  std::shared_ptr<Dataset> dataset(new Dataset());
  DatasetReader(*dataset, options).read(path);
  return dataset;
}

}  // namespace relata::data
