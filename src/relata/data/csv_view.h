// One view of a CSV import: a numeric table with samples in rows, or turned round to that.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace relata::data {

struct CsvView {
  std::vector<std::string> ids = {};       ///< [rows], or empty if the file has none
  std::vector<std::string> features = {};  ///< [columns], or empty if the file has none
  int64_t rows = 0;
  int64_t columns = 0;
  std::vector<double> values = {};  ///< [rows, columns], row-major, one row a sample
  bool transposed = false;          ///< the file has the features in rows
};

/// What the label file says about the samples; it decides which way a view lies.
struct KnownSamples {
  std::vector<std::string> ids = {};  ///< [rows], or empty if the label file has none
  int64_t rows = 0;
};

/// With known ids: samples are in the header if more of the ids stand there than in the first
/// column. Without: if there are as many columns as samples, and not as many rows.
///
/// Throws Error as io::read_numeric_matrix does, for ids that occur twice, for a file without rows
/// or columns, and if ids are known and the file has ids, but none in common.
CsvView read_csv_view(const std::filesystem::path& path, const KnownSamples& samples);

}  // namespace relata::data
