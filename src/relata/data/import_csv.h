// `relata import data csv`: a table of numbers a view and a file of labels become a dataset folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "relata/data/matrix_dataset.h"

namespace relata::data {

struct CsvImport {
  std::vector<std::pair<std::string, std::filesystem::path>> views;  ///< name → file, in order
  std::filesystem::path labels;
  std::vector<std::string> class_names = {};  ///< empty: from the labels
  std::vector<double> fractions = {};         ///< of train(, val), test; empty: one split "all"
  uint64_t seed = 0;                          ///< decides that cut
  std::string group_column = {};  ///< of the label file: its rows are never cut apart; empty: none
};

/// Writes the folder `out` and says what is in it. How files are read: csv_labels.h, csv_view.h.
///
/// Where the label file has ids, rows are joined by id: a view that lacks an id is a missing
/// modality of that record, an id without a label makes an unlabelled record. Where it has none, or
/// a view has none, rows are joined by their order and their numbers must be equal. A row of a view
/// whose cells are all NA is a missing modality too; single NA and infinite cells are kept and
/// counted. A labelled sample that no view has is left out. Unlabelled records form the split
/// "unlabelled", so that no training or evaluation meets them unasked.
///
/// Throws Error naming files, lines and counts for what does not fit; then nothing is written.
ImportSummary import_csv(const CsvImport& request, const std::filesystem::path& out);

}  // namespace relata::data
