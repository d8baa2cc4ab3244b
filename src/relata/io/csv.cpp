#include "relata/io/csv.h"

#include <algorithm>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/csv_scanner.h"
#include "relata/io/number.h"
#include "relata/io/text_file.h"

namespace relata::io {
namespace {

bool is_header(const std::vector<std::string>& first, Presence presence) {
  if (presence != Presence::kDetect) return presence == Presence::kPresent;
  return std::ranges::none_of(
      first, [](const std::string& cell) { return parse_number(cell).has_value(); });
}

}  // namespace

CsvTable parse_csv(std::string_view text, std::string_view where, const CsvOptions& options) {
  text = check_csv_text(text, where);
  CsvScanner scanner(text, options.delimiter.value_or(detect_delimiter(text)), std::string(where));
  CsvTable table;
  std::size_t columns = 0;
  while (scanner.next_record()) {
    std::vector<std::string> cells = scanner.take_cells();
    if (scanner.record() == 1) columns = cells.size();
    check_width(scanner, cells.size(), columns);
    if (scanner.record() == 1 && is_header(cells, options.header)) {
      table.header = std::move(cells);
      continue;
    }
    table.rows.push_back(std::move(cells));
    table.lines.push_back(scanner.line());
  }
  if (scanner.record() == 0) throw empty_table(where);
  return table;
}

CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options) {
  const TextFile file(path);
  return parse_csv(file.text(), path.string(), options);
}

}  // namespace relata::io
