// Delimited text files (CSV, TSV) after RFC 4180: as tables of text, and as matrices of numbers.
// gzip is unpacked by content; comma, tab and semicolon are told apart by themselves; a byte order
// mark is skipped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relata::io {

/// Whether a file has a header row, or a column of row names.
enum class Presence { kPresent, kAbsent, kDetect };

struct CsvOptions {
  std::optional<char> delimiter = {};  ///< none: detect_delimiter
  Presence header =
      Presence::kPresent;  ///< detect: present if no cell of the first row is a number or missing
};

struct CsvTable {
  std::vector<std::string> header;             ///< [columns]; empty if the file has none
  std::vector<std::vector<std::string>> rows;  ///< [rows][columns]
  std::vector<int64_t> lines;                  ///< [rows], the line each row starts on, from 1
};

/// Throws Error naming file and line if the file cannot be read, is empty, is not UTF-8, has
/// ill-formed quotes, or has a row with more or fewer cells than the first.
CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options = {});

/// The same of text in memory; `where` stands for the file in errors.
CsvTable parse_csv(std::string_view text, std::string_view where, const CsvOptions& options = {});

struct MatrixOptions {
  std::optional<char> delimiter = {};  ///< none: detect_delimiter
  /// Detect: present if the first row has a word behind its first cell, or if that cell names an id
  /// column (empty, id, index, sample, subject, patient, name, *_id), or if it is a word and the
  /// one below is not.
  Presence header = Presence::kDetect;
  /// Detect: present if there are two columns or more and the first one's header names an id column
  /// or its first cell is a word. Ids that look like numbers and have no such header must be
  /// announced.
  Presence id_column = Presence::kDetect;
};

struct NumericMatrix {
  int64_t rows = 0;
  int64_t columns = 0;         ///< without the id column
  std::vector<double> values;  ///< [rows, columns], row-major; NaN where a cell is empty, NA or NaN
  std::vector<std::string> header;   ///< [columns], or empty if the file has none
  std::vector<std::string> row_ids;  ///< [rows], or empty if the file has none
};

/// Throws Error as read_csv does, and naming line, column and text if a cell is not a number. inf
/// is a number here.
NumericMatrix read_numeric_matrix(const std::filesystem::path& path,
                                  const MatrixOptions& options = {});

/// The same of text in memory; `where` stands for the file in errors.
NumericMatrix parse_numeric_matrix(std::string_view text, std::string_view where,
                                   const MatrixOptions& options = {});

}  // namespace relata::io
