#include "relata/data/column_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "relata/base/error.h"

namespace relata::data {
namespace {

using nlohmann::json;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

/// A reference is written as the id is.
std::vector<std::string> read_texts(const json& value, const FieldSpec& spec, const Place& place) {
  const bool ref = spec.modality == Modality::kRef;
  if (!spec.list) {
    if (ref) return {scalar_text(value, place)};
    if (!value.is_string()) place.fail("must be a text, but is " + value.dump());
    return {value.get<std::string>()};
  }
  if (!value.is_array()) place.fail("must be a list, but is " + value.dump());
  std::vector<std::string> texts;
  for (const json& item : value) {
    if (!ref && !item.is_string()) place.fail("must be a list of texts, but holds " + item.dump());
    texts.push_back(scalar_text(item, place));
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
  if (!value.is_number_integer() && !value.is_boolean()) {
    place.fail("must be a class name or number, but is " + value.dump());
  }
  const int64_t index = value.is_boolean() ? int64_t{value.get<bool>()} : value.get<int64_t>();
  if (index < 0 || index >= count) {
    place.fail(fmt::format("is class {}, but there are classes 0 to {}", value.dump(), count - 1),
               "mend the record, or the names in dataset.yaml");
  }
  return index;
}

std::vector<int64_t> read_classes(const json& value, const LabelSpec& label, const Place& place) {
  if (label.kind != LabelKind::kMultilabel) return {read_class(value, label, place)};
  if (!value.is_array()) place.fail("must be a list of classes, but is " + value.dump());
  std::vector<int64_t> classes;
  for (const json& item : value) classes.push_back(read_class(item, label, place));
  return classes;
}

std::vector<double> inline_vector(const json& value, const Place& place) {
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

}  // namespace

void Place::fail(const std::string& what, const std::string& remedy) const {
  throw Error({.what = fmt::format("field '{}' {}", field, what), .where = line, .remedy = remedy});
}

std::string scalar_text(const json& value, const Place& place) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  place.fail("must be a text or a whole number, but is " + value.dump());
}

void ColumnReader::append(Dataset::Column& column, const json& record, const std::string& line) {
  const Place place{line, column.spec.name};
  const auto found = record.find(column.spec.name);
  const json* value = found != record.end() && !found->is_null() ? &*found : nullptr;
  switch (column.spec.modality) {
    case Modality::kVector:
      append_vector(column, value, place);
      break;
    case Modality::kLabel:
      append_label(column, value, place);
      return;  // decides presence itself: a value may mean "unknown"
    default:
      column.texts.push_back(value != nullptr ? read_texts(*value, column.spec, place)
                                              : std::vector<std::string>{});
  }
  column.present.push_back(value != nullptr ? 1 : 0);
}

void ColumnReader::append_vector(Dataset::Column& column, const json* value, const Place& place) {
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

std::vector<double> ColumnReader::matrix_row(const std::string& text, const Place& place) {
  const size_t hash = text.rfind('#');
  if (hash == std::string::npos) place.fail("must be matrix.npy#row, but is '" + text + "'");
  const std::string name = text.substr(0, hash);
  auto matrix = matrices_.find(name);
  if (matrix == matrices_.end()) {
    matrix = matrices_.emplace(name, io::read_npy_matrix_as_double(folder_ / name)).first;
  }
  const io::NpyMatrix& m = matrix->second;
  if (m.columns == 0) place.fail(fmt::format("names a row of {}, which has no columns", name));
  int64_t row = -1;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + hash + 1, end, row);
  if (error != std::errc() || stop != end || row < 0 || row >= m.rows) {
    place.fail(fmt::format("names row '{}' of {}, which has rows 0 to {}", text.substr(hash + 1),
                           name, m.rows - 1));
  }
  const auto begin = m.values.begin() + row * m.columns;
  return {begin, begin + m.columns};
}

void ColumnReader::append_label(Dataset::Column& column, const json* value,
                                const Place& place) const {
  const LabelSpec& label = schema_.labels.at(column.spec.name);
  if (value != nullptr && value->is_number() && label.unknown &&
      value->get<double>() == *label.unknown) {
    value = nullptr;
  }
  switch (label.kind) {
    case LabelKind::kReal:
      if (value != nullptr && !value->is_number()) {
        place.fail("must be a number, but is " + value->dump());
      }
      column.width = 1;
      column.numbers.push_back(value != nullptr ? value->get<double>() : kMissing);
      break;
    case LabelKind::kIdentity:
      column.texts.push_back(value != nullptr ? std::vector{scalar_text(*value, place)}
                                              : std::vector<std::string>{});
      break;
    case LabelKind::kMultilabel:
    case LabelKind::kClass:
    case LabelKind::kOrdinal:
      column.classes.push_back(value != nullptr ? read_classes(*value, label, place)
                                                : std::vector<int64_t>{});
  }
  column.present.push_back(value != nullptr ? 1 : 0);
}

void ColumnReader::truncate(Dataset::Column& column, size_t rows) {
  column.present.resize(rows);
  if (column.texts.size() > rows) column.texts.resize(rows);
  if (column.classes.size() > rows) column.classes.resize(rows);
  if (column.spec.modality == Modality::kVector &&
      std::find(column.present.begin(), column.present.end(), 1) == column.present.end()) {
    column.width = 0;  // the broken record was the one that fixed it
  }
  const size_t numbers = rows * static_cast<size_t>(column.width);
  if (column.numbers.size() > numbers) column.numbers.resize(numbers);
}

}  // namespace relata::data
