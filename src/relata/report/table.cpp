#include "relata/report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "relata/base/error.h"
#include "relata/report/text.h"

namespace relata::report {
namespace {

using Cells = std::vector<std::string>;

void check(const Table& table) {
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    if (table.rows[row].size() == table.columns.size()) continue;
    throw Error({.what = fmt::format("row {} has {} cells but the table has {} columns", row + 1,
                                     table.rows[row].size(), table.columns.size()),
                 .where = table.caption.empty() ? "table" : table.caption});
  }
}

/// Header and rows, each cell passed through `change`.
template <typename Change>
std::vector<Cells> all_cells(const Table& table, const Change& change) {
  std::vector<Cells> result(1);
  for (const Column& column : table.columns) result[0].push_back(change(column.name));
  for (const Cells& row : table.rows) {
    Cells& cells = result.emplace_back();
    for (const std::string& cell : row) cells.push_back(change(cell));
  }
  return result;
}

std::vector<std::size_t> widths(const std::vector<Cells>& rows, std::size_t least) {
  std::vector<std::size_t> result(rows[0].size(), least);
  for (const Cells& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      result[i] = std::max(result[i], display_width(row[i]));
    }
  }
  return result;
}

std::string pad(const std::string& text, std::size_t width, Align align) {
  const std::size_t space = width - display_width(text);
  std::size_t before = 0;
  if (align == Align::kRight) before = space;
  if (align == Align::kCenter) before = space / 2;
  return std::string(before, ' ') + text + std::string(space - before, ' ');
}

std::string trimmed(std::string line) {
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

/// Markdown's own signs made harmless; an underscore within a word is harmless as it is.
std::string markdown(std::string_view text) {
  const std::string line = one_line(text);
  const auto in_word = [&line](std::size_t at) {
    return at < line.size() && std::isalnum(static_cast<unsigned char>(line[at])) != 0;
  };
  std::string result;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool sign = std::string_view("\\`*[]<>|~&").find(line[i]) != std::string_view::npos;
    const bool underscore = line[i] == '_' && !(i > 0 && in_word(i - 1) && in_word(i + 1));
    if (sign || underscore) result += '\\';
    result += line[i];
  }
  return result;
}

std::string markdown_rule(std::size_t width, Align align) {
  std::string rule(width, '-');
  if (align != Align::kLeft) rule.back() = ':';
  if (align == Align::kCenter) rule.front() = ':';
  return rule;
}

std::string_view html_class(Align align) {
  if (align == Align::kRight) return " class=\"right\"";
  return align == Align::kCenter ? " class=\"center\"" : "";
}

std::string html_row(const Table& table, const Cells& cells) {
  std::string result = "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string_view tag = i == 0 ? "th" : "td";
    const std::string_view scope = i == 0 ? " scope=\"row\"" : "";
    result += fmt::format("<{0}{1}{2}>{3}</{0}>", tag, scope, html_class(table.columns[i].align),
                          escape(cells[i]));
  }
  return result + "</tr>\n";
}

}  // namespace

std::string to_text(const Table& table) {
  check(table);
  const auto rows = all_cells(table, one_line);
  const auto width = widths(rows, 0);
  std::string result = table.caption.empty() ? "" : one_line(table.caption) + "\n";
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    std::string rule;
    for (std::size_t i = 0; i < width.size(); ++i) {
      const std::string_view gap = i == 0 ? "" : "  ";
      line += gap;
      line += pad(rows[r][i], width[i], table.columns[i].align);
      rule += gap;
      rule += repeated("─", width[i]);
    }
    result += trimmed(line) + "\n";
    if (r == 0) result += rule + "\n";
  }
  for (const std::string& note : table.footnotes) result += one_line(note) + "\n";
  return result;
}

std::string to_markdown(const Table& table) {
  check(table);
  const auto rows = all_cells(table, markdown);
  const auto width = widths(rows, 3);
  std::string result = table.caption.empty() ? "" : "**" + markdown(table.caption) + "**\n\n";
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line = "|";
    std::string rule = "|";
    for (std::size_t i = 0; i < width.size(); ++i) {
      line += " " + pad(rows[r][i], width[i], table.columns[i].align) + " |";
      rule += " " + markdown_rule(width[i], table.columns[i].align) + " |";
    }
    result += line + "\n";
    if (r == 0) result += rule + "\n";
  }
  for (const std::string& note : table.footnotes) result += "\n" + markdown(note) + "\n";
  return result;
}

std::string to_html(const Table& table) {
  check(table);
  const std::string name = table.caption.empty() ? "Table" : escape(table.caption);
  std::string result = fmt::format(
      "<figure class=\"table\"><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"{}\"><table>\n",
      name);
  if (!table.caption.empty()) result += "<caption>" + name + "</caption>\n";
  result += "<thead><tr>";
  for (const Column& column : table.columns) {
    result +=
        fmt::format("<th scope=\"col\"{}>{}</th>", html_class(column.align), escape(column.name));
  }
  result += "</tr></thead>\n<tbody>\n";
  for (const Cells& row : table.rows) result += html_row(table, row);
  result += "</tbody></table></div>\n";
  for (const std::string& note : table.footnotes) {
    result += "<p class=\"note\">" + escape(note) + "</p>\n";
  }
  return result + "</figure>\n";
}

}  // namespace relata::report
