#include "relata/data/csv_view.h"

#include <fmt/format.h>

#include <string_view>
#include <unordered_set>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/csv.h"
#include "relata/io/csv_scanner.h"
#include "relata/io/number.h"
#include "relata/io/text_file.h"

namespace relata::data {
namespace {

using IdSet = std::unordered_set<std::string>;

/// Where known ids stand along the edges of a file.
struct Edges {
  int64_t in_row = 0;     ///< cells of the first row, without its first cell
  int64_t in_column = 0;  ///< cells of the first column
  bool corner = false;    ///< the first cell is one
};

Edges count_ids(std::string_view text, const std::string& where, const IdSet& ids) {
  Edges edges;
  text = io::check_csv_text(text, where);
  io::CsvScanner scanner(text, io::detect_delimiter(text), where);
  while (scanner.next_record()) {
    bool first = true;
    while (const auto cell = scanner.next_cell()) {
      const bool edge = first || scanner.record() == 1;
      const bool known = edge && ids.contains(std::string(io::trimmed(*cell)));
      if (known && first) ++edges.in_column;
      if (known && !first) ++edges.in_row;
      if (known && first && scanner.record() == 1) edges.corner = true;
      first = false;
    }
  }
  return edges;
}

/// How to read the file, as far as known ids tell: ids that look like numbers are not told from
/// values by themselves.
io::MatrixOptions options_for(const Edges& edges) {
  io::MatrixOptions options;
  if (edges.in_row > edges.in_column) {
    options.header = io::Presence::kPresent;
    options.id_column = edges.corner ? io::Presence::kAbsent : io::Presence::kPresent;
  } else if (edges.in_column > 0) {
    options.id_column = io::Presence::kPresent;
    if (edges.corner) options.header = io::Presence::kAbsent;
  }
  return options;
}

std::vector<std::string> trimmed_all(const std::vector<std::string>& cells) {
  std::vector<std::string> texts;
  for (const std::string& cell : cells) texts.emplace_back(io::trimmed(cell));
  return texts;
}

CsvView upright(io::NumericMatrix matrix) {
  return {.ids = trimmed_all(matrix.row_ids),
          .features = trimmed_all(matrix.header),
          .rows = matrix.rows,
          .columns = matrix.columns,
          .values = std::move(matrix.values)};
}

CsvView turned(const io::NumericMatrix& matrix) {
  CsvView view{.ids = trimmed_all(matrix.header),
               .features = trimmed_all(matrix.row_ids),
               .rows = matrix.columns,
               .columns = matrix.rows,
               .transposed = true};
  view.values.reserve(matrix.values.size());
  for (int64_t sample = 0; sample < matrix.columns; ++sample) {
    for (int64_t feature = 0; feature < matrix.rows; ++feature) {
      view.values.push_back(matrix.values[static_cast<size_t>(feature * matrix.columns + sample)]);
    }
  }
  return view;
}

void check_ids(const std::vector<std::string>& ids, const std::string& where) {
  IdSet seen;
  for (const std::string& id : ids) {
    if (id.empty()) throw Error({.what = "a sample id is empty", .where = where});
    if (seen.insert(id).second) continue;
    throw Error({.what = fmt::format("the sample id '{}' is given twice", id),
                 .where = where,
                 .remedy = "ids must be unique"});
  }
}

}  // namespace

CsvView read_csv_view(const std::filesystem::path& path, const KnownSamples& samples) {
  const std::string where = path.string();
  const io::TextFile file(path);
  const Edges edges = count_ids(file.text(), where, IdSet(samples.ids.begin(), samples.ids.end()));
  io::NumericMatrix matrix = io::parse_numeric_matrix(file.text(), where, options_for(edges));
  const bool by_id = edges.in_row > edges.in_column;
  const bool by_count = edges.in_row + edges.in_column == 0 && matrix.rows != samples.rows &&
                        matrix.columns == samples.rows;
  CsvView view = by_id || by_count ? turned(matrix) : upright(std::move(matrix));
  if (view.rows == 0 || view.columns == 0) {
    throw Error({.what = fmt::format("has {} rows and {} columns of numbers, expected at least one "
                                     "of each",
                                     view.rows, view.columns),
                 .where = where});
  }
  check_ids(view.ids, where);
  if (!samples.ids.empty() && !view.ids.empty() && edges.in_row + edges.in_column == 0) {
    throw Error({.what = fmt::format("has none of the ids of the labels: its first is '{}', theirs "
                                     "is '{}'",
                                     view.ids.front(), samples.ids.front()),
                 .where = where,
                 .remedy = "give the samples the same ids in every file, or none in any"});
  }
  return view;
}

}  // namespace relata::data
