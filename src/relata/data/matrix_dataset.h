// Tables of numbers (one matrix a view, one row a sample) as a dataset folder. What the importers
// of CSV files and of published omics layouts write.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "relata/data/schema.h"

namespace relata::data {

/// One .npy file to be.
struct NamedMatrix {
  std::string file;
  std::vector<double> values;  ///< [rows, columns], row-major
};

struct MatrixView {
  struct Place {
    int64_t matrix = 0;  ///< index into `matrices`
    int64_t row = 0;
  };

  std::string name;
  int64_t columns = 0;
  std::vector<std::string> features = {};  ///< [columns], or empty if they have no names
  std::vector<NamedMatrix> matrices = {};
  std::vector<std::optional<Place>> places = {};  ///< [samples]: nothing is a missing modality
  bool transposed = false;                        ///< the source had the features in rows
};

struct MatrixDataset {
  std::vector<std::string> ids;          ///< [samples]
  std::vector<std::string> groups = {};  ///< [samples], or empty
  LabelSpec label;                       ///< class or real
  std::vector<double> labels;            ///< [samples] class index or value; NaN is unlabelled
  std::vector<MatrixView> views;
  std::vector<std::pair<std::string, std::vector<int64_t>>> splits;  ///< sample numbers
};

/// What an import made, for the person who ran it.
struct ImportSummary {
  struct View {
    std::string name;
    int64_t features = 0;
    int64_t missing_rows = 0;
    int64_t nan_cells = 0;       ///< in the rows that have the view
    int64_t infinite_cells = 0;  ///< likewise
    bool transposed = false;
  };

  int64_t rows = 0;
  int64_t unlabelled = 0;
  std::vector<View> views;
  std::vector<std::pair<std::string, int64_t>> classes;  ///< empty for a real label
  std::vector<std::pair<std::string, int64_t>> splits;
  std::vector<std::string> left_out;  ///< ids of labelled samples that no view has
};

/// Fields are the views and "label". The folder appears whole or not at all. Throws Error if it
/// exists, or if a view's name is no plain word or is taken.
ImportSummary write_matrix_dataset(const std::filesystem::path& folder,
                                   const MatrixDataset& dataset);

/// Throws Error unless `name` can name a field and its files: letters, digits, "_", "-", and not
/// "id", "label" or "group".
void check_view_name(const std::string& name);

}  // namespace relata::data
