// A dataset: tables of records with typed fields, some of them absent, read from a folder or a lone
// .jsonl file. A View is some rows of one of its tables, in an order; everything that reads data
// reads Views.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relata/base/error.h"
#include "relata/data/schema.h"

namespace relata::data {

class Dataset;

/// One row of one table.
struct RowRef {
  int64_t table = 0;
  int64_t row = 0;
  bool operator==(const RowRef&) const = default;
};

/// Rows of one table, in an order. Cheap to copy; keeps its dataset alive. Positions run from 0 to
/// size() − 1.
class View {
 public:
  View() = default;
  View(std::shared_ptr<const Dataset> dataset, int64_t table, std::vector<int64_t> rows);

  int64_t size() const { return static_cast<int64_t>(rows_.size()); }
  const Dataset& dataset() const { return *dataset_; }
  const TableSpec& table() const;
  RowRef ref(int64_t position) const { return {table_, rows_[static_cast<size_t>(position)]}; }

  const std::string& id(int64_t position) const;
  /// The value of the group field; the row's own id where there is none.
  const std::string& group(int64_t position) const;
  /// False where the record lacks the field or holds null: a missing modality.
  bool present(int64_t position, std::string_view field) const;

  /// Of text, image, signal and regions fields: the text, or the path as written; all of them for a
  /// list.
  const std::vector<std::string>& texts(int64_t position, std::string_view field) const;
  /// [width] of a vector field; empty if missing.
  std::span<const double> vector(int64_t position, std::string_view field) const;
  /// Width of a vector field, 0 if no record of its table has it.
  int64_t width(std::string_view field) const;
  /// Names of the features of a vector field, or "0", "1", … where the dataset names none.
  std::vector<std::string> feature_names(std::string_view field) const;
  /// Index into the label's names, −1 if missing or unknown. For class and ordinal labels.
  int64_t class_label(int64_t position, std::string_view field) const;
  /// Indices into the label's names; empty if missing or unknown. For class, ordinal and multilabel
  /// labels.
  const std::vector<int64_t>& class_labels(int64_t position, std::string_view field) const;
  /// NaN if missing or unknown. For real labels.
  double real_label(int64_t position, std::string_view field) const;
  const LabelSpec& label_spec(std::string_view field) const;
  /// The content of the file that an image, signal or regions field names; of a text field the
  /// text. The first one of a list; empty if missing.
  std::string bytes(int64_t position, std::string_view field) const;

  /// The rows that a ref field names, in order.
  const std::vector<RowRef>& follow(int64_t position, std::string_view field) const;
  /// The rows whose ref field ("table.field") names this row, in file order.
  const std::vector<RowRef>& referrers(int64_t position, std::string_view table_field) const;

  /// The rows at `positions` of this view.
  View select(std::span<const int64_t> positions) const;
  /// All rows of another table.
  View table(std::string_view name) const;

 private:
  Error wrong_kind(std::string_view field, std::string_view expected) const;

  std::shared_ptr<const Dataset> dataset_;
  int64_t table_ = 0;
  std::vector<int64_t> rows_;
};

enum class OnError {
  kFail,  ///< a broken record is an Error
  kSkip,  ///< a broken record is counted, reported with its line, and left out
};

struct OpenOptions {
  OnError on_error = OnError::kFail;
  int64_t skip_limit = 100;  ///< more broken records than this are an Error all the same
  std::vector<double>
      fractions;      ///< cut a table without splits into train(/val)/test parts; empty: leave it
  uint64_t seed = 0;  ///< decides that cut; groups stay whole
};

class Dataset : public std::enable_shared_from_this<Dataset> {
 public:
  /// `path`: a folder with dataset.yaml, a .jsonl file whose fields are inferred (and logged), or a
  /// folder of pictures without dataset.yaml (import_image_folder.h).
  /// Throws Error naming the file, line and field for anything that does not fit the schema.
  static std::shared_ptr<const Dataset> open(const std::filesystem::path& path,
                                             const OpenOptions& options = {});
  ~Dataset();

  const Schema& schema() const;
  const std::filesystem::path& folder() const;
  /// Split names of the main table, in the order of the file.
  std::vector<std::string> splits() const;
  bool has_split(std::string_view name) const;
  /// Rows of the main table. Throws Error naming the splits there are.
  View split(std::string_view name) const;
  View all(std::string_view table = {}) const;
  /// One line for each record that was skipped.
  const std::vector<std::string>& skipped() const;

 private:
  friend class View;
  friend class DatasetReader;
  friend class ColumnReader;
  struct Content;
  struct Column;
  Dataset();
  const Column& column(int64_t table, std::string_view field) const;

  std::unique_ptr<Content> content_;
};

}  // namespace relata::data
