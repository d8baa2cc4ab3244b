// Checks one field of one record against its declaration and appends it to its column. Included by
// the dataset reader alone.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "relata/data/dataset_content.h"
#include "relata/io/npy.h"

namespace relata::data {

/// Where a value stands: "train.jsonl:3", field "mrna".
struct Place {
  std::string line;
  std::string field;

  [[noreturn]] void fail(const std::string& what, const std::string& remedy = "") const;
};

/// An id, a reference to one or a group: a text, or a whole number as its digits.
std::string scalar_text(const nlohmann::json& value, const Place& place);

class ColumnReader {
 public:
  /// `folder`: what matrix.npy#row is relative to. Both outlive the reader.
  ColumnReader(const Schema& schema, const std::filesystem::path& folder)
      : schema_(schema), folder_(folder) {}

  /// Appends the record's value of the column's field, or its absence. Throws Error naming `line`
  /// and the field; then `truncate` mends the column.
  void append(Dataset::Column& column, const nlohmann::json& record, const std::string& line);

  /// Drops what a broken record appended behind the first `rows` rows.
  static void truncate(Dataset::Column& column, size_t rows);

 private:
  void append_vector(Dataset::Column& column, const nlohmann::json* value, const Place& place);
  void append_label(Dataset::Column& column, const nlohmann::json* value, const Place& place) const;
  std::vector<double> matrix_row(const std::string& text, const Place& place);

  const Schema& schema_;
  const std::filesystem::path& folder_;
  std::map<std::string, io::NpyMatrix> matrices_;  ///< read once each
};

}  // namespace relata::data
