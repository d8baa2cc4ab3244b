#include "relata/data/dataset.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <numeric>
#include <sstream>

#include "relata/base/closest_name.h"
#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/data/dataset_content.h"

namespace relata::data {

Dataset::Dataset() : content_(std::make_unique<Content>()) {}
Dataset::~Dataset() = default;

const Schema& Dataset::schema() const { return content_->schema; }
const std::filesystem::path& Dataset::folder() const { return content_->folder; }
const std::vector<std::string>& Dataset::skipped() const { return content_->skipped; }

std::vector<std::string> Dataset::splits() const {
  std::vector<std::string> names;
  for (const auto& [name, rows] : content_->tables.front().splits) names.push_back(name);
  return names;
}

bool Dataset::has_split(std::string_view name) const {
  for (const auto& [split, rows] : content_->tables.front().splits) {
    if (split == name) return true;
  }
  return false;
}

View Dataset::split(std::string_view name) const {
  for (const auto& [split, rows] : content_->tables.front().splits) {
    if (split == name) return {shared_from_this(), 0, rows};
  }
  throw Error({.what = fmt::format("has no split '{}'", name),
               .where = content_->folder.string(),
               .remedy = fmt::format("it has: {}", fmt::join(splits(), ", "))});
}

View Dataset::all(std::string_view table) const {
  for (size_t t = 0; t < content_->tables.size(); ++t) {
    if (!table.empty() && content_->schema.tables[t].name != table) continue;
    std::vector<int64_t> rows(content_->tables[t].ids.size());
    std::iota(rows.begin(), rows.end(), int64_t{0});
    return {shared_from_this(), static_cast<int64_t>(t), std::move(rows)};
  }
  std::vector<std::string> names;
  for (const TableSpec& spec : content_->schema.tables) names.push_back(spec.name);
  throw Error({.what = fmt::format("has no table '{}'", table),
               .where = content_->folder.string(),
               .remedy = fmt::format("it has: {}", fmt::join(names, ", "))});
}

const Dataset::Column& Dataset::column(int64_t table, std::string_view field) const {
  const auto& columns = content_->tables[static_cast<size_t>(table)].columns;
  const auto found = columns.find(field);
  if (found != columns.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [name, column] : columns) names.push_back(name);
  throw Error(
      {.what = fmt::format("has no field '{}'", field),
       .where = content_->folder.string(),
       .remedy = names.empty() ? "" : "did you mean '" + closest_name(field, names) + "'?"});
}

View::View(std::shared_ptr<const Dataset> dataset, int64_t table, std::vector<int64_t> rows)
    : dataset_(std::move(dataset)), table_(table), rows_(std::move(rows)) {}

const TableSpec& View::table() const {
  return dataset_->schema().tables[static_cast<size_t>(table_)];
}

const std::string& View::id(int64_t position) const {
  const RowRef row = ref(position);
  return dataset_->content_->tables[static_cast<size_t>(row.table)]
      .ids[static_cast<size_t>(row.row)];
}

const std::string& View::group(int64_t position) const {
  const RowRef row = ref(position);
  return dataset_->content_->tables[static_cast<size_t>(row.table)]
      .groups[static_cast<size_t>(row.row)];
}

bool View::present(int64_t position, std::string_view field) const {
  return dataset_->column(table_, field).present[static_cast<size_t>(ref(position).row)] != 0;
}

const std::vector<std::string>& View::texts(int64_t position, std::string_view field) const {
  const Dataset::Column& column = dataset_->column(table_, field);
  if (column.texts.empty()) {
    throw Error(
        {.what = fmt::format("field '{}' is {}, not text", field, modality_text(column.spec)),
         .where = dataset_->folder().string()});
  }
  return column.texts[static_cast<size_t>(ref(position).row)];
}

std::span<const double> View::vector(int64_t position, std::string_view field) const {
  const Dataset::Column& column = dataset_->column(table_, field);
  if (column.spec.modality != Modality::kVector) {
    throw Error(
        {.what = fmt::format("field '{}' is {}, not a vector", field, modality_text(column.spec)),
         .where = dataset_->folder().string(),
         .remedy = "bind the role to a vector field (data.bind)"});
  }
  const auto row = static_cast<size_t>(ref(position).row);
  if (column.present[row] == 0) return {};
  const auto width = static_cast<size_t>(column.width);
  return std::span(column.numbers).subspan(row * width, width);
}

int64_t View::width(std::string_view field) const { return dataset_->column(table_, field).width; }

std::vector<std::string> View::feature_names(std::string_view field) const {
  const Dataset::Column& column = dataset_->column(table_, field);
  std::vector<std::string> names;
  if (column.spec.features.empty()) {
    for (int64_t i = 0; i < column.width; ++i) names.push_back(std::to_string(i));
    return names;
  }
  const std::filesystem::path file = dataset_->folder() / column.spec.features;
  std::istringstream lines(read_file(file));
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    names.push_back(std::move(line));
  }
  if (static_cast<int64_t>(names.size()) != column.width) {
    throw Error({.what = fmt::format("names {} features, but field '{}' has {}", names.size(),
                                     field, column.width),
                 .where = file.string()});
  }
  return names;
}

int64_t View::class_label(int64_t position, std::string_view field) const {
  const Dataset::Column& column = dataset_->column(table_, field);
  const LabelSpec& label = label_spec(field);
  if (label.kind != LabelKind::kClass && label.kind != LabelKind::kOrdinal) {
    throw wrong_kind(field, "class or ordinal");
  }
  const auto& classes = column.classes[static_cast<size_t>(ref(position).row)];
  return classes.empty() ? -1 : classes.front();
}

const std::vector<int64_t>& View::class_labels(int64_t position, std::string_view field) const {
  const Dataset::Column& column = dataset_->column(table_, field);
  const LabelSpec& label = label_spec(field);
  if (label.kind == LabelKind::kReal || label.kind == LabelKind::kIdentity) {
    throw wrong_kind(field, "class, ordinal or multilabel");
  }
  return column.classes[static_cast<size_t>(ref(position).row)];
}

double View::real_label(int64_t position, std::string_view field) const {
  const Dataset::Column& column = dataset_->column(table_, field);
  if (label_spec(field).kind != LabelKind::kReal) throw wrong_kind(field, "real");
  return column.numbers[static_cast<size_t>(ref(position).row)];
}

Error View::wrong_kind(std::string_view field, std::string_view expected) const {
  return Error({.what = fmt::format("label '{}' is {}, not {}", field,
                                    label_kind_name(label_spec(field).kind), expected),
                .where = dataset_->folder().string()});
}

const LabelSpec& View::label_spec(std::string_view field) const {
  const auto& labels = dataset_->schema().labels;
  const auto found = labels.find(std::string(field));
  if (found == labels.end()) {
    throw Error(
        {.what = fmt::format("has no label '{}'", field), .where = dataset_->folder().string()});
  }
  return found->second;
}

std::string View::bytes(int64_t position, std::string_view field) const {
  const FieldSpec& spec = dataset_->column(table_, field).spec;
  if (spec.modality == Modality::kRef || spec.modality == Modality::kLabel) {
    throw Error({.what = fmt::format("field '{}' is {}, which has no content of its own", field,
                                     modality_text(spec)),
                 .where = dataset_->folder().string()});
  }
  const auto& entries = texts(position, field);
  if (entries.empty()) return "";
  if (spec.modality == Modality::kText) return entries.front();
  return dataset_->content_->files->read(entries.front());
}

const std::vector<RowRef>& View::follow(int64_t position, std::string_view field) const {
  const Dataset::Column& column = dataset_->column(table_, field);
  if (column.spec.modality != Modality::kRef) {
    throw Error({.what = fmt::format("field '{}' is {}, not a reference", field,
                                     modality_text(column.spec)),
                 .where = dataset_->folder().string()});
  }
  return column.targets[static_cast<size_t>(ref(position).row)];
}

const std::vector<RowRef>& View::referrers(int64_t position, std::string_view table_field) const {
  const size_t dot = table_field.find('.');
  const auto& tables = dataset_->schema().tables;
  for (size_t t = 0; dot != std::string_view::npos && t < tables.size(); ++t) {
    if (tables[t].name != table_field.substr(0, dot)) continue;
    const Dataset::Column& column =
        dataset_->column(static_cast<int64_t>(t), table_field.substr(dot + 1));
    if (column.spec.modality != Modality::kRef || column.spec.table != table().name) break;
    return column.referrers[static_cast<size_t>(ref(position).row)];
  }
  throw Error(
      {.what = fmt::format("'{}' is no reference to the table '{}'", table_field, table().name),
       .where = dataset_->folder().string(),
       .remedy = "write table.field"});
}

View View::select(std::span<const int64_t> positions) const {
  std::vector<int64_t> rows;
  rows.reserve(positions.size());
  for (const int64_t position : positions) rows.push_back(rows_.at(static_cast<size_t>(position)));
  return {dataset_, table_, std::move(rows)};
}

View View::table(std::string_view name) const { return dataset_->all(name); }

}  // namespace relata::data
