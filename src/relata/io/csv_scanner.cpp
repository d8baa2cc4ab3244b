#include "relata/io/csv_scanner.h"

#include <algorithm>
#include <array>
#include <utility>

#include "relata/io/utf8.h"

namespace relata::io {
namespace {

/// Without the line ends behind the last record, so that the end of the text is the end of a
/// record.
std::string_view without_blank_end(std::string_view text) {
  return text.substr(0, text.find_last_not_of("\r\n") + 1);
}

Error quote_error(std::string what, std::string where) {
  return Error({.what = std::move(what),
                .where = std::move(where),
                .remedy = "write the cell in quotes and each quote inside it twice"});
}

}  // namespace

std::string_view check_csv_text(std::string_view text, std::string_view where) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    throw Error({.what = "is UTF-16 text, expected UTF-8",
                 .where = std::string(where),
                 .remedy = "save the table as CSV UTF-8"});
  }
  if (const auto broken = invalid_utf8_at(text)) {
    const auto line = 1 + std::ranges::count(text.substr(0, *broken), '\n');
    throw Error({.what = "is not valid UTF-8 at " + excerpt(text.substr(*broken, 4)),
                 .where = std::string(where) + ":" + std::to_string(line),
                 .remedy = "save the table as CSV UTF-8"});
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text;
}

char detect_delimiter(std::string_view text) {
  struct Count {
    char delimiter;
    int64_t times = 0;
  };
  std::array counts = {Count{','}, Count{'\t'}, Count{';'}};
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\n') break;
    for (Count& count : counts) count.times += count.delimiter == c ? 1 : 0;
  }
  return std::ranges::max_element(counts, {}, &Count::times)->delimiter;
}

CsvScanner::CsvScanner(std::string_view text, char delimiter, std::string name)
    : text_(without_blank_end(text)), delimiter_(delimiter), name_(std::move(name)) {
  if (delimiter == '"' || delimiter == '\n' || delimiter == '\r') {
    throw Error(
        {.what = "delimiter is " + excerpt({&delimiter, 1}) + ", expected one such as \",\"",
         .where = name_,
         .remedy = "give a delimiter that is neither a quote nor a line end"});
  }
}

std::string CsvScanner::where() const { return name_ + ":" + std::to_string(record_line_); }

bool CsvScanner::next_record() {
  if (at_ == text_.size()) return false;
  has_cell_ = true;
  record_line_ = line_;
  ++record_;
  return true;
}

std::optional<std::string_view> CsvScanner::next_cell() {
  if (!has_cell_) return std::nullopt;
  if (at_ < text_.size() && text_[at_] == '"') return quoted_cell();
  const std::size_t begin = at_;
  while (at_ < text_.size() && text_[at_] != delimiter_ && text_[at_] != '\n') {
    if (text_[at_] == '"') {
      throw quote_error(
          "an unquoted cell has a quote in it: " + excerpt(text_.substr(begin, at_ + 1 - begin)),
          name_ + ":" + std::to_string(line_));
    }
    ++at_;
  }
  std::string_view cell = text_.substr(begin, at_ - begin);
  const bool at_line_end = at_ < text_.size() && text_[at_] == '\n';
  if (at_line_end && cell.ends_with('\r')) cell.remove_suffix(1);
  end_cell();
  return cell;
}

std::vector<std::string> CsvScanner::take_cells() {
  std::vector<std::string> cells;
  while (const auto cell = next_cell()) cells.emplace_back(*cell);
  return cells;
}

std::string_view CsvScanner::quoted_cell() {
  const std::size_t begin = ++at_;
  const int64_t begin_line = line_;
  unquoted_.clear();
  std::size_t piece = begin;
  while (true) {
    const std::size_t quote = text_.find('"', piece);
    if (quote == std::string_view::npos) {
      throw quote_error("a quote opens here and does not close: " + excerpt(text_.substr(begin)),
                        name_ + ":" + std::to_string(begin_line));
    }
    at_ = quote + 1;
    if (at_ == text_.size() || text_[at_] != '"') break;
    unquoted_ += text_.substr(piece, at_ - piece);
    piece = ++at_;
  }
  const std::string_view last = text_.substr(piece, at_ - 1 - piece);
  const std::string_view raw = text_.substr(begin, at_ - 1 - begin);
  line_ += std::ranges::count(raw, '\n');
  if (text_.substr(at_).starts_with("\r\n")) ++at_;
  if (at_ < text_.size() && text_[at_] != delimiter_ && text_[at_] != '\n') {
    throw quote_error("text follows the closing quote of " + excerpt(raw),
                      name_ + ":" + std::to_string(line_));
  }
  end_cell();
  if (piece == begin) return raw;  // nothing to join: no copy
  unquoted_ += last;
  return unquoted_;
}

/// Steps over what ends the cell at `at_`: a delimiter, a line end, or the end of the text.
void CsvScanner::end_cell() {
  has_cell_ = at_ < text_.size() && text_[at_] == delimiter_;
  if (at_ == text_.size()) return;
  if (text_[at_] == '\n') ++line_;
  ++at_;
}

void check_width(const CsvScanner& scanner, std::size_t cells, std::size_t expected) {
  if (cells == expected) return;
  throw Error({.what = "row " + std::to_string(scanner.record()) + " has " + std::to_string(cells) +
                       " columns, expected " + std::to_string(expected),
               .where = scanner.where(),
               .remedy = "give every row the cells of the first; check delimiter and quotes"});
}

Error empty_table(std::string_view where) {
  return Error({.what = "is empty, expected at least one row",
                .where = std::string(where),
                .remedy = "check that the table was written"});
}

}  // namespace relata::io
