#include <algorithm>
#include <array>
#include <utility>

#include "relata/base/ascii.h"
#include "relata/base/error.h"
#include "relata/io/csv.h"
#include "relata/io/csv_scanner.h"
#include "relata/io/number.h"
#include "relata/io/text_file.h"
#include "relata/io/utf8.h"

namespace relata::io {
namespace {

using Cells = std::vector<std::string>;

/// What the first two records say about the file.
struct Layout {
  std::size_t cells = 0;  ///< of each record, the id included
  bool header = false;
  bool ids = false;
};

bool is_word(const std::string& cell) { return !parse_number(cell).has_value(); }

/// Whether a header cell is the usual one over a column of ids.
bool names_ids(std::string_view cell) {
  constexpr std::array<std::string_view, 7> kNames = {"",        "id",      "index", "sample",
                                                      "subject", "patient", "name"};
  const std::string lower = ascii_lower(trimmed(cell));
  return lower.ends_with("_id") || std::ranges::find(kNames, lower) != kNames.end();
}

/// `second` is empty if there is one record only.
bool detect_header(const Cells& first, const Cells& second) {
  if (std::any_of(first.begin() + 1, first.end(), is_word)) return true;
  if (first.size() == 1) return is_word(first[0]);
  if (second.empty()) return false;
  if (is_word(first[0])) return names_ids(first[0]) || !is_word(second[0]);
  // A table with numbered columns and row names (pandas, R) has an empty corner and no other empty
  // cell.
  const bool corner = trimmed(first[0]).empty() && !trimmed(second[0]).empty();
  return corner && std::none_of(first.begin() + 1, first.end(), is_missing);
}

bool detect_ids(const Cells& first, const Cells& second, bool header) {
  if (first.size() < 2) return false;
  if (header && names_ids(first[0])) return true;
  const Cells& data = header ? second : first;
  return !data.empty() && is_word(data[0]);
}

bool decide(Presence presence, bool detected) {
  return presence == Presence::kDetect ? detected : presence == Presence::kPresent;
}

Layout detect_layout(CsvScanner scanner, const MatrixOptions& options) {
  const auto take = [&scanner] { return scanner.next_record() ? scanner.take_cells() : Cells(); };
  const Cells first = take();
  if (first.empty()) return {};
  const Cells second = take();
  Layout layout{.cells = first.size()};
  layout.header = decide(options.header, detect_header(first, second));
  layout.ids = decide(options.id_column, detect_ids(first, second, layout.header));
  return layout;
}

class MatrixReader {
 public:
  MatrixReader(CsvScanner scanner, const Layout& layout)
      : scanner_(std::move(scanner)), layout_(layout) {
    matrix_.columns = static_cast<int64_t>(layout.cells) - (layout.ids ? 1 : 0);
  }

  NumericMatrix run() {
    if (layout_.header && scanner_.next_record()) read_header();
    while (scanner_.next_record()) read_row();
    return std::move(matrix_);
  }

 private:
  void read_header() {
    for (std::size_t column = 0; const auto cell = scanner_.next_cell(); ++column) {
      if (column > 0 || !layout_.ids) matrix_.header.emplace_back(*cell);
    }
  }

  void read_row() {
    std::size_t column = 0;
    for (; const auto cell = scanner_.next_cell(); ++column) {
      if (column >= layout_.cells) continue;  // counted for the message below
      if (column == 0 && layout_.ids) {
        matrix_.row_ids.emplace_back(*cell);
      } else if (const auto value = parse_number(*cell)) {
        matrix_.values.push_back(*value);
      } else {
        throw not_a_number(*cell, column);
      }
    }
    check_width(scanner_, column, layout_.cells);
    ++matrix_.rows;
  }

  Error not_a_number(std::string_view cell, std::size_t column) const {
    const std::size_t value_column = column - (layout_.ids ? 1 : 0);
    const std::string name =
        layout_.header ? " (" + excerpt(matrix_.header[value_column]) + ")" : "";
    return Error({.what = "column " + std::to_string(column + 1) + name + " is " + excerpt(cell) +
                          ", expected a number",
                  .where = scanner_.where(),
                  .remedy = column == 0 ? "mend the cell, or say that the first column holds ids"
                                        : "mend the cell; a missing value is an empty cell or NA"});
  }

  CsvScanner scanner_;
  Layout layout_;
  NumericMatrix matrix_;
};

}  // namespace

NumericMatrix parse_numeric_matrix(std::string_view text, std::string_view where,
                                   const MatrixOptions& options) {
  text = check_csv_text(text, where);
  const CsvScanner scanner(text, options.delimiter.value_or(detect_delimiter(text)),
                           std::string(where));
  const Layout layout = detect_layout(scanner, options);
  if (layout.cells == 0) throw empty_table(where);
  if (layout.ids && layout.cells == 1) {
    throw Error({.what = "has one column, which holds ids, expected numbers beside it",
                 .where = std::string(where),
                 .remedy = "say that there is no id column, or check the delimiter"});
  }
  return MatrixReader(scanner, layout).run();
}

NumericMatrix read_numeric_matrix(const std::filesystem::path& path, const MatrixOptions& options) {
  const TextFile file(path);
  return parse_numeric_matrix(file.text(), path.string(), options);
}

}  // namespace relata::io
