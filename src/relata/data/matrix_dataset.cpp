#include "relata/data/matrix_dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <span>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/io/json.h"
#include "relata/io/npy.h"

namespace relata::data {
namespace {

constexpr const char* kLabelField = "label";
constexpr const char* kGroupField = "group";

Schema schema_of(const MatrixDataset& dataset) {
  Schema schema;
  TableSpec table{.name = std::string(kOnlyTable)};
  for (const MatrixView& view : dataset.views) {
    table.fields.push_back({.name = view.name,
                            .modality = Modality::kVector,
                            .features = view.features.empty() ? "" : view.name + ".features.txt"});
  }
  table.fields.push_back({.name = kLabelField, .modality = Modality::kLabel});
  for (const auto& [split, rows] : dataset.splits) {
    table.splits.emplace_back(split, split + ".jsonl");
  }
  schema.tables.push_back(std::move(table));
  schema.labels[kLabelField] = dataset.label;
  if (!dataset.groups.empty()) schema.group = kGroupField;
  return schema;
}

/// One line of JSON for a sample.
std::string record_line(const MatrixDataset& dataset, size_t sample) {
  nlohmann::json record{{"id", dataset.ids[sample]}};
  if (!dataset.groups.empty()) record[kGroupField] = dataset.groups[sample];
  for (const MatrixView& view : dataset.views) {
    const auto& place = view.places[sample];
    if (!place) continue;
    const std::string& file = view.matrices[static_cast<size_t>(place->matrix)].file;
    record[view.name] = fmt::format("{}#{}", file, place->row);
  }
  const double label = dataset.labels[sample];
  if (!std::isnan(label)) {
    if (dataset.label.kind == LabelKind::kReal) {
      record[kLabelField] = label;
    } else {
      record[kLabelField] = dataset.label.names.at(static_cast<size_t>(label));
    }
  }
  return io::to_line(record) + "\n";
}

void write_view(const std::filesystem::path& folder, const MatrixView& view) {
  for (const NamedMatrix& matrix : view.matrices) {
    const auto rows = static_cast<int64_t>(matrix.values.size()) / view.columns;
    const std::vector<int64_t> shape{rows, view.columns};
    io::write_npy(folder / matrix.file, io::DType::kF64, shape,
                  std::as_bytes(std::span(matrix.values)));
  }
  if (view.features.empty()) return;
  std::string lines;
  for (std::string name : view.features) {
    std::replace_if(name.begin(), name.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    lines += name + "\n";
  }
  write_file(folder / (view.name + ".features.txt"), lines);
}

ImportSummary::View summarize(const MatrixView& view) {
  ImportSummary::View summary{
      .name = view.name, .features = view.columns, .transposed = view.transposed};
  for (const auto& place : view.places) summary.missing_rows += place ? 0 : 1;
  for (const NamedMatrix& matrix : view.matrices) {
    for (const double value : matrix.values) {
      summary.nan_cells += std::isnan(value) ? 1 : 0;
      summary.infinite_cells += std::isinf(value) ? 1 : 0;
    }
  }
  return summary;
}

ImportSummary summarize(const MatrixDataset& dataset) {
  ImportSummary summary{.rows = static_cast<int64_t>(dataset.ids.size())};
  for (const MatrixView& view : dataset.views) summary.views.push_back(summarize(view));
  for (const std::string& name : dataset.label.names) summary.classes.emplace_back(name, 0);
  for (const double label : dataset.labels) {
    if (std::isnan(label)) {
      ++summary.unlabelled;
    } else if (dataset.label.kind != LabelKind::kReal) {
      ++summary.classes.at(static_cast<size_t>(label)).second;
    }
  }
  for (const auto& [split, rows] : dataset.splits) {
    summary.splits.emplace_back(split, static_cast<int64_t>(rows.size()));
  }
  return summary;
}

}  // namespace

void check_view_name(const std::string& name) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
  if (plain && name != "id" && name != kLabelField && name != kGroupField) return;
  throw Error({.what = fmt::format("a view is named '{}'", name),
               .remedy = "use letters, digits, '_' and '-', and not id, label or group"});
}

ImportSummary write_matrix_dataset(const std::filesystem::path& folder,
                                   const MatrixDataset& dataset) {
  std::set<std::string> names;
  for (const MatrixView& view : dataset.views) {
    check_view_name(view.name);
    if (names.insert(view.name).second) continue;
    throw Error({.what = fmt::format("two views are named '{}'", view.name),
                 .remedy = "give each view a name of its own"});
  }
  write_folder(folder, [&](const std::filesystem::path& scratch) {
    for (const MatrixView& view : dataset.views) write_view(scratch, view);
    for (const auto& [split, samples] : dataset.splits) {
      std::string lines;
      for (const int64_t sample : samples) {
        lines += record_line(dataset, static_cast<size_t>(sample));
      }
      write_file(scratch / (split + ".jsonl"), lines);
    }
    write_file(scratch / "dataset.yaml", schema_yaml(schema_of(dataset)));
  });
  return summarize(dataset);
}

}  // namespace relata::data
