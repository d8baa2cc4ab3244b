// A table of ready-made texts, and the three ways it is shown: a terminal, GitHub Markdown, a
// report page.
#pragma once

#include <string>
#include <vector>

namespace relata::report {

enum class Align { kLeft, kRight, kCenter };

struct Column {
  std::string name;
  Align align = Align::kLeft;
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  ///< [row, column]; any text, escaped when shown
  std::string caption = {};
  std::vector<std::string> footnotes = {};
};

// Each throws Error, with the number of the row, if a row has not one cell per column.

/// Columns padded to their widest cell as a terminal shows it; every line ends in "\n" and has no
/// trailing space.
std::string to_text(const Table& table);

/// A GitHub table whose source is aligned too; the caption in bold above it, the footnotes below.
std::string to_markdown(const Table& table);

/// A <figure> in which the table scrolls sideways by itself; the first cell of a row is its header.
std::string to_html(const Table& table);

}  // namespace relata::report
