// Dataset::open: from JSON Lines and .npy files to checked columns.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "relata/base/error.h"
#include "relata/base/log.h"
#include "relata/data/dataset_content.h"
#include "relata/data/infer.h"
#include "relata/data/split.h"
#include "relata/io/jsonl.h"
#include "relata/io/npy.h"

namespace relata::data {
namespace {

using nlohmann::json;
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

/// Where a value stands: "train.jsonl:3, field 'mrna'".
struct Place {
  std::string line;
  std::string field;
  [[noreturn]] void fail(const std::string& what, const std::string& remedy = "") const {
    throw Error(
        {.what = fmt::format("field '{}' {}", field, what), .where = line, .remedy = remedy});
  }
};

std::vector<std::string> read_texts(const json& value, bool list, const Place& place) {
  if (!list) {
    if (!value.is_string()) place.fail("must be a text, but is " + value.dump());
    return {value.get<std::string>()};
  }
  if (!value.is_array()) place.fail("must be a list, but is " + value.dump());
  std::vector<std::string> texts;
  for (const json& item : value) {
    if (!item.is_string()) place.fail("must be a list of texts, but holds " + item.dump());
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

int64_t read_class(const json& value, const LabelSpec& label, const Place& place) {
  const auto count = static_cast<int64_t>(label.names.size());
  if (value.is_string()) {
    const auto found = std::find(label.names.begin(), label.names.end(), value.get<std::string>());
    if (found != label.names.end()) return found - label.names.begin();
    place.fail(fmt::format("is {}, which is none of the classes {}", value.dump(),
                           fmt::join(label.names, ", ")));
  }
  if (!value.is_number_integer())
    place.fail("must be a class name or number, but is " + value.dump());
  const auto index = value.get<int64_t>();
  if (index < 0 || index >= count) {
    place.fail(fmt::format("is class {}, but there are classes 0 to {}", index, count - 1),
               "mend the record, or the names in dataset.yaml");
  }
  return index;
}

}  // namespace

/// Reads one dataset; holds what is shared between records while reading.
class DatasetReader {
 public:
  DatasetReader(Dataset& dataset, const OpenOptions& options)
      : content_(*dataset.content_), options_(options) {}

  void read(const std::filesystem::path& path) {
    if (std::filesystem::is_directory(path)) {
      content_.folder = path;
      content_.schema = read_schema(path / "dataset.yaml");
    } else {
      content_.folder = path.has_parent_path() ? path.parent_path() : ".";
      content_.schema = infer_schema(path);
    }
    for (const TableSpec& spec : content_.schema.tables) read_table(spec);
    for (size_t t = 0; t < content_.tables.size(); ++t) resolve(t);
    if (!options_.fractions.empty()) cut_main_table();
    for (const std::string& line : content_.skipped) spdlog::warn("skipped {}", line);
  }

 private:
  using Column = Dataset::Column;
  using Table = Dataset::Content::Table;

  void read_table(const TableSpec& spec) {
    Table& table = content_.tables.emplace_back();
    for (const FieldSpec& field : spec.fields) table.columns[field.name].spec = field;
    if (!content_.schema.group.empty()) check_group_field(spec);
    for (const auto& [split, file] : spec.splits) {
      const std::filesystem::path path = content_.folder / file;
      io::JsonlReader reader(path);
      std::vector<int64_t> rows;
      while (auto record = reader.next()) {
        if (read_record(table, *record, reader.where())) {
          rows.push_back(static_cast<int64_t>(table.ids.size()) - 1);
        }
      }
      table.splits.emplace_back(split, std::move(rows));
    }
    if (table.ids.empty()) {
      throw Error({.what = fmt::format("table '{}' has no records", spec.name),
                   .where = content_.folder.string()});
    }
  }

  void check_group_field(const TableSpec& spec) const {
    const FieldSpec* field = spec.find(content_.schema.group);
    if (field != nullptr && (field->modality == Modality::kVector || field->list)) {
      throw Error(
          {.what = fmt::format("the group field '{}' must hold one text or number", field->name),
           .where = (content_.folder / "dataset.yaml").string()});
    }
  }

  /// Appends one record to every column; false if it was skipped.
  bool read_record(Table& table, const json& record, const std::string& where) {
    const auto row = static_cast<int64_t>(table.ids.size());
    try {
      std::string id =
          record.contains("id") ? scalar_text(record["id"], {where, "id"}) : std::to_string(row);
      if (table.row_of_id.contains(id)) {
        throw Error({.what = "the id '" + id + "' is given twice",
                     .where = where,
                     .remedy = "ids must be unique"});
      }
      check_fields(table, record, where);
      std::string group = id;
      const std::string& group_field = content_.schema.group;
      if (!group_field.empty() && record.contains(group_field) && !record[group_field].is_null()) {
        group = scalar_text(record[group_field], {where, group_field});
      }
      for (auto& [name, column] : table.columns) append(column, record, where);
      table.row_of_id.emplace(id, row);
      table.ids.push_back(std::move(id));
      table.groups.push_back(std::move(group));
      return true;
    } catch (const Error& error) {
      if (options_.on_error == OnError::kFail) throw;
      content_.skipped.emplace_back(error.what());
      if (static_cast<int64_t>(content_.skipped.size()) > options_.skip_limit) {
        throw Error({.what = fmt::format("more than {} broken records; the last: {}",
                                         options_.skip_limit, error.what())});
      }
      for (auto& [name, column] : table.columns) truncate(column, static_cast<size_t>(row));
      return false;
    }
  }

  static std::string scalar_text(const json& value, const Place& place) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number_integer()) return value.dump();
    place.fail("must be a text or a whole number, but is " + value.dump());
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

  void append(Column& column, const json& record, const std::string& where) {
    const Place place{where, column.spec.name};
    const auto found = record.find(column.spec.name);
    const bool present = found != record.end() && !found->is_null();
    switch (column.spec.modality) {
      case Modality::kVector:
        append_vector(column, present ? &*found : nullptr, place);
        break;
      case Modality::kLabel:
        append_label(column, present ? &*found : nullptr, place);
        return;  // decides presence itself: a value may mean "unknown"
      default:
        column.texts.push_back(present ? read_texts(*found, column.spec.list, place)
                                       : std::vector<std::string>{});
    }
    column.present.push_back(present ? 1 : 0);
  }

  void append_vector(Column& column, const json* value, const Place& place) {
    if (value == nullptr) {
      column.numbers.insert(column.numbers.end(), static_cast<size_t>(column.width), kMissing);
      return;
    }
    const std::vector<double> numbers = value->is_string()
                                            ? matrix_row(value->get<std::string>(), place)
                                            : inline_vector(*value, place);
    if (column.width == 0) {
      // The first record that has the field fixes its width; earlier rows lacked it.
      column.width = static_cast<int64_t>(numbers.size());
      column.numbers.assign(column.present.size() * numbers.size(), kMissing);
    }
    if (static_cast<int64_t>(numbers.size()) != column.width) {
      place.fail(
          fmt::format("has {} values, but {} in the records before", numbers.size(), column.width));
    }
    column.numbers.insert(column.numbers.end(), numbers.begin(), numbers.end());
  }

  static std::vector<double> inline_vector(const json& value, const Place& place) {
    if (!value.is_array() || value.empty()) {
      place.fail("must be a list of numbers or matrix.npy#row, but is " + value.dump());
    }
    std::vector<double> numbers;
    for (const json& item : value) {
      if (!item.is_number()) place.fail("must hold numbers, but holds " + item.dump());
      numbers.push_back(item.get<double>());
    }
    return numbers;
  }

  std::vector<double> matrix_row(const std::string& text, const Place& place) {
    const size_t hash = text.rfind('#');
    if (hash == std::string::npos) place.fail("must be matrix.npy#row, but is '" + text + "'");
    const std::string name = text.substr(0, hash);
    auto matrix = matrices_.find(name);
    if (matrix == matrices_.end()) {
      matrix = matrices_.emplace(name, io::read_npy_matrix_as_double(content_.folder / name)).first;
    }
    int64_t row = -1;
    const auto [end, error] =
        std::from_chars(text.data() + hash + 1, text.data() + text.size(), row);
    const io::NpyMatrix& m = matrix->second;
    if (error != std::errc() || end != text.data() + text.size() || row < 0 || row >= m.rows) {
      place.fail(fmt::format("names row '{}' of {}, which has rows 0 to {}", text.substr(hash + 1),
                             name, m.rows - 1));
    }
    const auto begin = m.values.begin() + row * m.columns;
    return {begin, begin + m.columns};
  }

  void append_label(Column& column, const json* value, const Place& place) const {
    const LabelSpec& label = content_.schema.labels.at(column.spec.name);
    if (value != nullptr && value->is_number() && label.unknown &&
        value->get<double>() == *label.unknown) {
      value = nullptr;
    }
    column.present.push_back(value != nullptr ? 1 : 0);
    switch (label.kind) {
      case LabelKind::kReal:
        if (value != nullptr && !value->is_number())
          place.fail("must be a number, but is " + value->dump());
        column.width = 1;
        column.numbers.push_back(value != nullptr ? value->get<double>() : kMissing);
        return;
      case LabelKind::kIdentity:
        column.texts.push_back(value != nullptr ? std::vector{scalar_text(*value, place)}
                                                : std::vector<std::string>{});
        return;
      case LabelKind::kMultilabel: {
        std::vector<int64_t> classes;
        if (value != nullptr && !value->is_array())
          place.fail("must be a list of classes, but is " + value->dump());
        for (const json& item : value != nullptr ? *value : json::array()) {
          classes.push_back(read_class(item, label, place));
        }
        column.classes.push_back(std::move(classes));
        return;
      }
      case LabelKind::kClass:
      case LabelKind::kOrdinal:
        column.classes.push_back(value != nullptr ? std::vector{read_class(*value, label, place)}
                                                  : std::vector<int64_t>{});
    }
  }

  /// Drops what a broken record appended before it failed.
  static void truncate(Column& column, size_t rows) {
    column.present.resize(rows);
    if (column.texts.size() > rows) column.texts.resize(rows);
    if (column.classes.size() > rows) column.classes.resize(rows);
    const size_t numbers = rows * static_cast<size_t>(column.width);
    if (column.numbers.size() > numbers) column.numbers.resize(numbers);
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

  void cut_main_table() {
    Table& table = content_.tables.front();
    if (table.splits.size() != 1) {
      throw Error({.what = "already has splits, so --split does not apply",
                   .where = content_.folder.string()});
    }
    const auto parts = split_by_fraction(table.groups, options_.fractions, options_.seed);
    const std::vector<std::string> names = parts.size() == 2
                                               ? std::vector<std::string>{"train", "test"}
                                               : std::vector<std::string>{"train", "val", "test"};
    table.splits.clear();
    for (size_t i = 0; i < parts.size(); ++i) table.splits.emplace_back(names.at(i), parts[i]);
  }

  Dataset::Content& content_;
  const OpenOptions& options_;
  std::map<std::string, io::NpyMatrix> matrices_;
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
