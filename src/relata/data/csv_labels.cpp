#include "relata/data/csv_labels.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <unordered_map>

#include "relata/base/closest_name.h"
#include "relata/base/error.h"
#include "relata/io/csv.h"
#include "relata/io/number.h"

namespace relata::data {
namespace {

constexpr double kUnlabelled = std::numeric_limits<double>::quiet_NaN();

/// Which columns hold what; −1: none does.
struct Columns {
  int64_t id = -1;
  int64_t label = 0;
  int64_t group = -1;
};

/// Turns the label column into a LabelSpec and values.
class LabelColumn {
 public:
  LabelColumn(const io::CsvTable& table, size_t column, std::string path,
              const std::vector<std::string>& class_names)
      : table_(table), column_(column), path_(std::move(path)), class_names_(class_names) {}

  CsvLabels read() const {
    if (labelled() == 0) {
      throw Error({.what = "has no labels: every cell is empty or NA", .where = path_});
    }
    if (!all(is_number)) return classes(words());
    for (size_t row = 0; row < table_.rows.size(); ++row) {
      if (std::isinf(number(row))) fail(row, "expected a finite number");
    }
    if (!all(is_whole)) return real();
    return class_names_.empty() ? numbered() : indexed();
  }

 private:
  static bool is_number(const std::string& cell) { return io::parse_number(cell).has_value(); }
  static bool is_whole(const std::string& cell) {
    const double value = io::parse_number(cell).value_or(0.5);
    return value == std::floor(value) && std::abs(value) < 1e15;
  }

  const std::string& cell(size_t row) const { return table_.rows[row][column_]; }
  double number(size_t row) const { return io::parse_number(cell(row)).value_or(kUnlabelled); }

  [[noreturn]] void fail(size_t row, const std::string& expected) const {
    throw Error({.what = fmt::format("the label is '{}', {}", io::trimmed(cell(row)), expected),
                 .where = fmt::format("{}:{}", path_, table_.lines[row])});
  }

  size_t labelled() const {
    size_t count = 0;
    for (size_t row = 0; row < table_.rows.size(); ++row)
      count += io::is_missing(cell(row)) ? 0 : 1;
    return count;
  }

  template <class Predicate>
  bool all(Predicate holds) const {
    return std::all_of(table_.rows.begin(), table_.rows.end(), [&](const auto& row) {
      return io::is_missing(row[column_]) || holds(row[column_]);
    });
  }

  std::vector<std::string> words() const {
    if (!class_names_.empty()) return class_names_;
    std::set<std::string> distinct;
    for (size_t row = 0; row < table_.rows.size(); ++row) {
      if (!io::is_missing(cell(row))) distinct.emplace(io::trimmed(cell(row)));
    }
    return {distinct.begin(), distinct.end()};
  }

  CsvLabels classes(const std::vector<std::string>& names) const {
    CsvLabels labels{.spec = {.kind = LabelKind::kClass, .names = names}};
    for (size_t row = 0; row < table_.rows.size(); ++row) {
      if (io::is_missing(cell(row))) {
        labels.values.push_back(kUnlabelled);
        continue;
      }
      const auto found = std::find(names.begin(), names.end(), io::trimmed(cell(row)));
      if (found == names.end()) {
        fail(row, fmt::format("expected one of {}", fmt::join(names, ", ")));
      }
      labels.values.push_back(static_cast<double>(found - names.begin()));
    }
    return labels;
  }

  CsvLabels real() const {
    if (!class_names_.empty()) {
      throw Error({.what = "holds numbers that are not whole, so it has no classes to name",
                   .where = path_,
                   .remedy = "leave the class names out, or check the label column"});
    }
    CsvLabels labels{.spec = {.kind = LabelKind::kReal}};
    for (size_t row = 0; row < table_.rows.size(); ++row) labels.values.push_back(number(row));
    return labels;
  }

  CsvLabels numbered() const {
    std::set<int64_t> distinct;
    for (size_t row = 0; row < table_.rows.size(); ++row) {
      if (!io::is_missing(cell(row))) distinct.insert(static_cast<int64_t>(number(row)));
    }
    const std::vector<int64_t> order(distinct.begin(), distinct.end());
    CsvLabels labels{.spec = {.kind = LabelKind::kClass}};
    for (const int64_t value : order) labels.spec.names.push_back(std::to_string(value));
    for (size_t row = 0; row < table_.rows.size(); ++row) {
      if (io::is_missing(cell(row))) {
        labels.values.push_back(kUnlabelled);
        continue;
      }
      const auto found =
          std::lower_bound(order.begin(), order.end(), static_cast<int64_t>(number(row)));
      labels.values.push_back(static_cast<double>(found - order.begin()));
    }
    return labels;
  }

  CsvLabels indexed() const {
    const auto count = static_cast<double>(class_names_.size());
    CsvLabels labels{.spec = {.kind = LabelKind::kClass, .names = class_names_}};
    for (size_t row = 0; row < table_.rows.size(); ++row) {
      const double value = number(row);
      if (value < 0 || value >= count) {
        fail(row, fmt::format("expected 0 to {}, the {} class names", count - 1, count));
      }
      labels.values.push_back(value);
    }
    return labels;
  }

  const io::CsvTable& table_;
  size_t column_;
  std::string path_;
  const std::vector<std::string>& class_names_;
};

bool names_id_column(std::string_view cell) {
  const std::string_view name = io::trimmed(cell);
  return name.empty() || name == "id" || name == "ID";
}

/// Moves the first row into the header if it is one.
void find_header(io::CsvTable& table, const std::string& group_column) {
  const std::vector<std::string>& first = table.rows.front();
  const std::string& label = first.back();
  const bool repeated = std::any_of(table.rows.begin() + 1, table.rows.end(),
                                    [&](const auto& row) { return row.back() == label; });
  const bool names_label = !io::parse_number(label) && !repeated;
  const bool names_id = first.size() > 1 && names_id_column(first.front());
  const bool names_group =
      !group_column.empty() && std::find(first.begin(), first.end(), group_column) != first.end();
  if (!names_label && !names_id && !names_group) return;
  table.header = first;
  table.rows.erase(table.rows.begin());
  table.lines.erase(table.lines.begin());
}

Columns find_columns(const io::CsvTable& table, const std::string& path,
                     const std::string& group_column) {
  const auto count = static_cast<int64_t>(std::max(table.header.size(), table.rows.front().size()));
  Columns columns;
  std::vector<int64_t> others;
  for (int64_t c = 0; c < count; ++c) {
    const bool is_group = !group_column.empty() && !table.header.empty() &&
                          table.header[static_cast<size_t>(c)] == group_column;
    if (is_group) columns.group = c;
    if (!is_group) others.push_back(c);
  }
  if (!group_column.empty() && columns.group < 0) {
    throw Error(
        {.what = fmt::format("has no column '{}'", group_column),
         .where = path,
         .remedy = table.header.empty()
                       ? "give the file a header row that names the group column"
                       : "did you mean '" + closest_name(group_column, table.header) + "'?"});
  }
  if (others.empty() || others.size() > 2) {
    throw Error({.what = fmt::format("has {} columns, expected the label, or id and label", count),
                 .where = path,
                 .remedy = "keep these columns only; name a group column with --group"});
  }
  columns.label = others.back();
  if (others.size() == 2) columns.id = others.front();
  return columns;
}

std::vector<std::string> text_column(const io::CsvTable& table, int64_t column) {
  std::vector<std::string> cells;
  for (const auto& row : table.rows) {
    cells.emplace_back(io::trimmed(row[static_cast<size_t>(column)]));
  }
  return cells;
}

void check_ids(const std::vector<std::string>& ids, const io::CsvTable& table,
               const std::string& path) {
  std::unordered_map<std::string, int64_t> line_of;
  for (size_t row = 0; row < ids.size(); ++row) {
    const std::string where = fmt::format("{}:{}", path, table.lines[row]);
    if (ids[row].empty()) throw Error({.what = "the id is empty", .where = where});
    const auto [found, is_new] = line_of.emplace(ids[row], table.lines[row]);
    if (is_new) continue;
    throw Error({.what = fmt::format("the id '{}' is given twice, first in line {}", ids[row],
                                     found->second),
                 .where = where,
                 .remedy = "ids must be unique"});
  }
}

}  // namespace

CsvLabels read_csv_labels(const std::filesystem::path& path, const CsvLabelOptions& options) {
  const std::string name = path.string();
  io::CsvTable table = io::read_csv(path, {.header = io::Presence::kAbsent});
  find_header(table, options.group_column);
  if (table.rows.empty()) {
    throw Error({.what = "has a header and no rows, expected one label a sample", .where = name});
  }
  const Columns columns = find_columns(table, name, options.group_column);
  CsvLabels labels =
      LabelColumn(table, static_cast<size_t>(columns.label), name, options.class_names).read();
  labels.header = table.header;
  if (columns.group >= 0) labels.groups = text_column(table, columns.group);
  if (columns.id >= 0) {
    labels.ids = text_column(table, columns.id);
    check_ids(labels.ids, table, name);
  }
  return labels;
}

}  // namespace relata::data
