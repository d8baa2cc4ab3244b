// The cells of delimited text after RFC 4180, one by one and without copies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relata/base/error.h"

namespace relata::io {

/// Strips a UTF-8 byte order mark. Throws Error naming `where` if the text is UTF-16 or not valid
/// UTF-8.
std::string_view check_csv_text(std::string_view text, std::string_view where);

/// The most frequent of comma, tab and semicolon outside quotes in the first record; comma if there
/// is none.
char detect_delimiter(std::string_view text);

/// Walks over records and their cells. Records end with LF or CRLF, inside quotes both are text;
/// blank lines at the end are no records, one in between is a record of one empty cell.
class CsvScanner {
 public:
  /// `text` outlives the scanner; `name` (of the file) stands in errors. Throws Error if
  /// `delimiter` is a quote or a line end.
  CsvScanner(std::string_view text, char delimiter, std::string name);

  /// Goes to the next record; false at the end. The cells of the record before must have been
  /// taken.
  bool next_record();

  /// The next cell of the record, unquoted; nothing after the last one. It lives until the next
  /// call. Throws Error for a quote that does not close, a quote inside an unquoted cell, and text
  /// behind a closing quote.
  std::optional<std::string_view> next_cell();

  /// The cells of the record that are left, with copies.
  std::vector<std::string> take_cells();

  /// Record number and the line it starts on, both counted from 1.
  int64_t record() const { return record_; }
  int64_t line() const { return record_line_; }
  std::string where() const;

 private:
  std::string_view quoted_cell();
  void end_cell();

  std::string_view text_;
  std::size_t at_ = 0;
  char delimiter_;
  std::string name_;
  bool has_cell_ = false;  ///< a cell of the current record is left, perhaps an empty one
  int64_t record_ = 0;
  int64_t record_line_ = 0;
  int64_t line_ = 1;  ///< of at_
  std::string unquoted_;
};

/// Throws Error at the scanner's record if it has `cells` cells where the first record has
/// `expected`.
void check_width(const CsvScanner& scanner, std::size_t cells, std::size_t expected);

/// The Error for a file without a record.
Error empty_table(std::string_view where);

}  // namespace relata::io
