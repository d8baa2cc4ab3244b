// `relata data check`: what is wrong with a dataset, or worth knowing before training on it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "relata/data/dataset.h"

namespace relata::data {

enum class Severity {
  kError,    ///< training or evaluation will refuse it
  kWarning,  ///< results may not mean what they seem to
  kNote,     ///< good to know
};

struct Finding {
  Severity severity = Severity::kNote;
  std::string subject;  ///< field, split or table, e.g. "field 'mrna'"
  std::string text;     ///< what was found, with counts and first examples
};

/// How many records of a split lack a field.
struct MissingFact {
  std::string split;
  std::string field;
  int64_t missing = 0;
  int64_t rows = 0;
};

/// How the classes of a label stand in a split. A multilabel record counts for each of its classes.
struct ClassFact {
  std::string split;
  std::string label;
  std::vector<std::pair<std::string, int64_t>> classes;  ///< name → records, in schema order
  int64_t unlabelled = 0;
};

/// What a vector field holds. Constant features are looked for in the split "train" where there is
/// one, else in all records; a feature that is missing or NaN there counts as constant.
struct VectorFact {
  std::string table;
  std::string field;
  int64_t rows = 0;  ///< records that have it
  int64_t width = 0;
  int64_t constant_features = 0;
  int64_t nan_cells = 0;
  int64_t infinite_cells = 0;
};

struct CheckReport {
  std::vector<Finding> findings;                        ///< errors first, then warnings, then notes
  std::vector<std::pair<std::string, int64_t>> splits;  ///< name → rows of the main table
  std::vector<MissingFact> missing;                     ///< one for each split and field
  std::vector<ClassFact> classes;   ///< one for each split and label that has classes
  std::vector<VectorFact> vectors;  ///< one for each vector field of each table

  int64_t count(Severity severity) const;
};

/// Looks at every record. Files behind image, signal and regions fields are looked for, not opened.
/// Records are identical if all their fields but labels and group are; files count by their names.
CheckReport check_dataset(const Dataset& dataset);

}  // namespace relata::data
