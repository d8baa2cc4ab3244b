// The label file of a CSV import: one column of labels, perhaps with ids before it and a group.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "relata/data/schema.h"

namespace relata::data {

struct CsvLabels {
  std::vector<std::string> header = {};  ///< [columns], or empty if the file has none
  std::vector<std::string> ids = {};     ///< [rows], or empty if the file has none
  std::vector<std::string> groups = {};  ///< [rows], or empty if no group column was asked for
  LabelSpec spec;
  std::vector<double> values = {};  ///< [rows] class index or value; NaN is unlabelled
};

struct CsvLabelOptions {
  std::vector<std::string> class_names = {};  ///< empty: from the file
  std::string group_column = {};              ///< needs a header; empty: none
};

/// Columns are label, or id and label, besides the group. The first row is a header if its label is
/// no number and occurs nowhere below, if it names an id column (empty or "id"), or if it names the
/// group column.
///
/// Whole numbers are classes: 0 … n−1 as they are, others (say 1 and 2) by name in ascending order;
/// with class names, their indices. Words are classes, in alphabetic order or that of the class
/// names. Other numbers are a real label. An empty cell or NA is unlabelled.
///
/// Throws Error naming file and line for other shapes, ids that occur twice or are empty, labels
/// outside the class names, and infinite labels; or if no row has a label.
CsvLabels read_csv_labels(const std::filesystem::path& path, const CsvLabelOptions& options);

}  // namespace relata::data
