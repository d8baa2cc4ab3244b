// How a Dataset holds its columns. Included by the files that read a dataset
// alone.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "relata/data/dataset.h"
#include "relata/data/field_file.h"

namespace relata::data {

/// One field of one table. Which members are filled follows from the modality.
struct Dataset::Column {
  FieldSpec spec;
  std::vector<uint8_t> present;  ///< [rows]
  std::vector<std::vector<std::string>>
      texts;                    ///< [rows]: text, image, signal, regions, ref ids, identity labels
  int64_t width = 0;            ///< vector: values per row; real labels: 1
  std::vector<double> numbers;  ///< [rows, width], NaN where missing
  std::vector<std::vector<int64_t>>
      classes;                               ///< [rows]: class, ordinal (one) and multilabel labels
  std::vector<std::vector<RowRef>> targets;  ///< [rows]: resolved refs
  std::vector<std::vector<RowRef>> referrers;  ///< [rows of the table referred to]
};

struct Dataset::Content {
  struct Table {
    std::vector<std::string> ids;     ///< [rows]
    std::vector<std::string> groups;  ///< [rows]
    std::unordered_map<std::string, int64_t> row_of_id;
    std::map<std::string, Column, std::less<>> columns;
    std::vector<std::pair<std::string, std::vector<int64_t>>> splits;
  };

  Schema schema;
  std::filesystem::path folder;
  std::vector<Table> tables;  ///< parallel to schema.tables
  std::vector<std::string> skipped;
  std::unique_ptr<FieldFiles> files;
};

}  // namespace relata::data
