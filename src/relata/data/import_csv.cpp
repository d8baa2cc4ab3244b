#include "relata/data/import_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "relata/base/error.h"
#include "relata/base/log.h"
#include "relata/data/csv_labels.h"
#include "relata/data/csv_view.h"
#include "relata/data/split.h"

namespace relata::data {
namespace {

constexpr int64_t kAbsent = -1;

/// The samples of all files: those of the labels first, then those that only views have.
struct Samples {
  std::vector<std::string> ids;
  std::vector<std::vector<int64_t>> view_rows;  ///< [views][samples], kAbsent where a view lacks it
};

bool all_missing(const CsvView& view, int64_t row) {
  const auto begin = view.values.begin() + row * view.columns;
  return std::all_of(begin, begin + view.columns, [](double x) { return std::isnan(x); });
}

/// Joins the files; remembers their names for errors.
class Joiner {
 public:
  Joiner(const CsvImport& request, const CsvLabels& labels, const std::vector<CsvView>& views)
      : request_(request), labels_(labels), views_(views) {}

  Samples join() const {
    Samples samples;
    samples.ids = labels_.ids.empty() ? ids_of_views() : labels_.ids;
    std::unordered_map<std::string, int64_t> number;
    for (const std::string& id : samples.ids) number.emplace(id, number.size());
    for (size_t v = 0; v < views_.size(); ++v) {
      if (labels_.ids.empty() || views_[v].ids.empty()) check_count(v);
      check_header(v);
      for (const std::string& id : views_[v].ids) {
        if (number.emplace(id, number.size()).second) samples.ids.push_back(id);
      }
    }
    for (const CsvView& view : views_) {
      std::vector<int64_t>& rows = samples.view_rows.emplace_back(samples.ids.size(), kAbsent);
      for (int64_t row = 0; row < view.rows; ++row) {
        if (all_missing(view, row)) continue;
        const int64_t sample =
            view.ids.empty() ? row : number.at(view.ids[static_cast<size_t>(row)]);
        rows[static_cast<size_t>(sample)] = row;
      }
    }
    return samples;
  }

 private:
  std::string file(size_t v) const { return request_.views[v].second.string(); }

  /// Where the labels have no ids: those of the first view that has some, else row numbers.
  std::vector<std::string> ids_of_views() const {
    const std::vector<std::string>* ids = nullptr;
    size_t source = 0;
    for (size_t v = 0; v < views_.size(); ++v) {
      if (views_[v].ids.empty()) continue;
      if (ids != nullptr && *ids != views_[v].ids) {
        throw Error(
            {.what = fmt::format("has other ids, or another order of them, than {}, and the "
                                 "labels have none to join by",
                                 file(source)),
             .where = file(v),
             .remedy = "give the label file an id column"});
      }
      if (ids == nullptr) source = v;
      ids = &views_[v].ids;
    }
    if (ids != nullptr) return *ids;
    std::vector<std::string> numbers;
    for (size_t row = 0; row < labels_.values.size(); ++row) numbers.push_back(std::to_string(row));
    return numbers;
  }

  void check_count(size_t v) const {
    if (views_[v].rows == static_cast<int64_t>(labels_.values.size())) return;
    throw Error({.what = fmt::format("has {} samples, but {} has {}", views_[v].rows,
                                     request_.labels.string(), labels_.values.size()),
                 .where = file(v),
                 .remedy = "give both files the same samples in the same order, or ids"});
  }

  /// A first row of labels that was taken for a header, but names a sample.
  void check_header(size_t v) const {
    if (labels_.header.size() < 2) return;
    const std::string& id = labels_.header.front();
    if (std::find(views_[v].ids.begin(), views_[v].ids.end(), id) == views_[v].ids.end()) return;
    throw Error({.what = fmt::format(
                     "the first row looks like a header, but '{}' is a sample of {}", id, file(v)),
                 .where = request_.labels.string(),
                 .remedy = "put a header row such as id,label above it"});
  }

  const CsvImport& request_;
  const CsvLabels& labels_;
  const std::vector<CsvView>& views_;
};

/// Drops the samples that no view has; their ids.
std::vector<std::string> drop_empty(Samples& samples) {
  std::vector<std::string> dropped;
  size_t kept = 0;
  for (size_t s = 0; s < samples.ids.size(); ++s) {
    const bool present = std::any_of(samples.view_rows.begin(), samples.view_rows.end(),
                                     [&](const auto& rows) { return rows[s] != kAbsent; });
    if (!present) {
      dropped.push_back(samples.ids[s]);
      continue;
    }
    samples.ids[kept] = samples.ids[s];
    for (auto& rows : samples.view_rows) rows[kept] = rows[s];
    ++kept;
  }
  samples.ids.resize(kept);
  for (auto& rows : samples.view_rows) rows.resize(kept);
  return dropped;
}

MatrixView matrix_view(const std::string& name, const CsvView& view,
                       const std::vector<int64_t>& rows) {
  MatrixView result{.name = name,
                    .columns = view.columns,
                    .features = view.features,
                    .transposed = view.transposed};
  NamedMatrix matrix{.file = name + ".npy"};
  int64_t next = 0;
  for (const int64_t row : rows) {
    if (row == kAbsent) {
      result.places.emplace_back();
      continue;
    }
    const auto begin = view.values.begin() + row * view.columns;
    matrix.values.insert(matrix.values.end(), begin, begin + view.columns);
    result.places.push_back(MatrixView::Place{.matrix = 0, .row = next++});
  }
  result.matrices.push_back(std::move(matrix));
  return result;
}

/// Labels and groups of the samples that are left, found by id.
void attach_labels(MatrixDataset& dataset, const CsvLabels& labels,
                   const std::vector<std::string>& label_ids) {
  std::unordered_map<std::string, size_t> row_of;
  for (size_t row = 0; row < label_ids.size(); ++row) row_of.emplace(label_ids[row], row);
  dataset.label = labels.spec;
  for (const std::string& id : dataset.ids) {
    const auto found = row_of.find(id);
    const bool known = found != row_of.end();
    dataset.labels.push_back(known ? labels.values[found->second]
                                   : std::numeric_limits<double>::quiet_NaN());
    if (labels.groups.empty()) continue;
    const bool grouped = known && !labels.groups[found->second].empty();
    dataset.groups.push_back(grouped ? labels.groups[found->second] : id);
  }
}

void cut(MatrixDataset& dataset, const CsvImport& request) {
  std::vector<int64_t> labelled;
  std::vector<int64_t> unlabelled;
  std::vector<std::string> groups;
  const auto& group_of = dataset.groups.empty() ? dataset.ids : dataset.groups;
  for (size_t s = 0; s < dataset.ids.size(); ++s) {
    const bool known = !std::isnan(dataset.labels[s]);
    (known ? labelled : unlabelled).push_back(static_cast<int64_t>(s));
    if (known) groups.push_back(group_of[s]);
  }
  if (labelled.empty()) {
    throw Error({.what = "no sample of the views has a label", .where = request.labels.string()});
  }
  if (request.fractions.empty()) {
    dataset.splits.emplace_back("all", labelled);
  } else {
    dataset.splits = named_split(groups, request.fractions, request.seed);
    for (auto& [name, rows] : dataset.splits) {
      for (int64_t& row : rows) row = labelled[static_cast<size_t>(row)];
    }
  }
  if (!unlabelled.empty()) dataset.splits.emplace_back("unlabelled", unlabelled);
}

void say(const ImportSummary& summary) {
  for (const ImportSummary::View& view : summary.views) {
    if (view.transposed) {
      spdlog::info("view '{}': the features are in rows; turned round", view.name);
    }
  }
  if (summary.left_out.empty()) return;
  spdlog::warn("{} labelled samples are in no view and left out, the first is '{}'",
               summary.left_out.size(), summary.left_out.front());
}

}  // namespace

ImportSummary import_csv(const CsvImport& request, const std::filesystem::path& out) {
  if (request.views.empty()) {
    throw Error({.what = "no view is given", .remedy = "name one with --view name=file.csv"});
  }
  for (const auto& [name, path] : request.views) check_view_name(name);
  const CsvLabels labels = read_csv_labels(
      request.labels, {.class_names = request.class_names, .group_column = request.group_column});
  const KnownSamples known{.ids = labels.ids, .rows = static_cast<int64_t>(labels.values.size())};
  std::vector<CsvView> views;
  for (const auto& [name, path] : request.views) views.push_back(read_csv_view(path, known));

  Samples samples = Joiner(request, labels, views).join();
  const std::vector<std::string> label_ids(
      samples.ids.begin(), samples.ids.begin() + static_cast<std::ptrdiff_t>(known.rows));
  std::vector<std::string> left_out = drop_empty(samples);
  MatrixDataset dataset{.ids = samples.ids};
  for (size_t v = 0; v < views.size(); ++v) {
    dataset.views.push_back(matrix_view(request.views[v].first, views[v], samples.view_rows[v]));
    if (dataset.views.back().matrices.front().values.empty()) {
      throw Error({.what = "holds no value: every cell is empty or NA",
                   .where = request.views[v].second.string()});
    }
  }
  attach_labels(dataset, labels, label_ids);
  cut(dataset, request);
  ImportSummary summary = write_matrix_dataset(out, dataset);
  summary.left_out = std::move(left_out);
  say(summary);
  return summary;
}

}  // namespace relata::data
