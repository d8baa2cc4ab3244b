// Whatever parses, under any options, is rectangular.
#include "relata/io/csv.h"

#include <utility>

#include "fuzz/fuzz.h"

namespace {

using namespace relata;

void read_table(std::string_view text, const io::CsvOptions& options) {
  const io::CsvTable table = io::parse_csv(text, "fuzz", options);
  fuzz::require(table.lines.size() == table.rows.size());
  for (const auto& row : table.rows) fuzz::require(row.size() == table.rows[0].size());
}

void read_matrix(std::string_view text, const io::MatrixOptions& options) {
  const io::NumericMatrix matrix = io::parse_numeric_matrix(text, "fuzz", options);
  fuzz::require(std::cmp_equal(matrix.values.size(), matrix.rows * matrix.columns));
  fuzz::require(matrix.header.empty() || std::cmp_equal(matrix.header.size(), matrix.columns));
  fuzz::require(matrix.row_ids.empty() || std::cmp_equal(matrix.row_ids.size(), matrix.rows));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  using io::Presence;
  const std::string_view text = fuzz::as_text(data, size);
  for (const Presence header : {Presence::kPresent, Presence::kAbsent, Presence::kDetect}) {
    fuzz::allow_error([&] { read_table(text, {.header = header}); });
    for (const Presence ids : {Presence::kPresent, Presence::kAbsent, Presence::kDetect}) {
      fuzz::allow_error([&] { read_matrix(text, {.header = header, .id_column = ids}); });
    }
  }
  return 0;
}
