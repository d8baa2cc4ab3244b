// The omics layout that MOGONET published and M3CoL reads: one folder with matrices and labels of a
// training and a test part. Becomes a dataset folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "relata/data/matrix_dataset.h"

namespace relata::systems::m3col {

struct MogonetImport {
  std::filesystem::path folder;
  /// In the order of the view numbers. Empty: mrna, methylation, mirna for views 1, 2, 3, else
  /// view1, view2, …
  std::vector<std::string> view_names = {};
  std::vector<std::string> class_names = {};  ///< empty: "0", "1", …
};

/// Reads `N_tr.csv`, `N_te.csv` (samples in rows, no header) for every view N there is,
/// `labels_tr.csv`, `labels_te.csv` (a whole number a line, written as a float), and where they
/// stand beside them `N_featname.csv` and `samples_tr.csv`, `samples_te.csv` (one name a line);
/// each may be gzip with `.gz` behind its name. Values are kept to the last bit. A view without a
/// test file is a missing modality of all test records. Writes the splits train and test to `out`.
///
/// Throws Error naming the files and their counts where rows, widths or names do not fit; then
/// nothing is written. Source: txWang/MOGONET, `ROSMAP/` and `BRCA/`; M3CoL reads them likewise.
data::ImportSummary import_mogonet(const MogonetImport& request, const std::filesystem::path& out);

}  // namespace relata::systems::m3col
