#include "relata/systems/m3col/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/csv.h"
#include "relata/io/text_file.h"

namespace relata::systems::m3col {
namespace {

namespace fs = std::filesystem;

/// One of the two parts: how it is called in file names, and as a split.
struct Part {
  std::string_view suffix;
  std::string_view split;
};
constexpr std::array<Part, 2> kParts{{{"tr", "train"}, {"te", "test"}}};

/// The file of that name, plain or gzip; nothing if there is neither.
std::optional<fs::path> find_file(const fs::path& folder, const std::string& name) {
  for (const char* ending : {".csv", ".csv.gz"}) {
    const fs::path path = folder / (name + ending);
    if (fs::exists(path)) return path;
  }
  return std::nullopt;
}

fs::path need_file(const fs::path& folder, const std::string& name) {
  if (const auto path = find_file(folder, name)) return *path;
  throw Error({.what = fmt::format("has no {}.csv", name),
               .where = folder.string(),
               .remedy = "name a folder in MOGONET's layout: labels_tr.csv, 1_tr.csv, …"});
}

/// N of "N_tr.csv" or "N_te.csv.gz".
std::optional<int64_t> view_number(const std::string& name) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view rest(end, name.data() + name.size());
  for (const std::string_view ending : {"_tr.csv", "_te.csv", "_tr.csv.gz", "_te.csv.gz"}) {
    if (rest == ending) return number;
  }
  return std::nullopt;
}

std::vector<int64_t> find_views(const fs::path& folder) {
  if (!fs::is_directory(folder)) {
    throw Error({.what = "is no folder", .where = folder.string(), .remedy = "check the path"});
  }
  std::set<int64_t> numbers;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (const auto number = view_number(entry.path().filename().string())) numbers.insert(*number);
  }
  if (numbers.empty()) need_file(folder, "1_tr");
  return {numbers.begin(), numbers.end()};
}

std::vector<std::string> name_views(const std::vector<int64_t>& numbers,
                                    const std::vector<std::string>& names) {
  if (!names.empty()) {
    if (names.size() == numbers.size()) return names;
    throw Error({.what = fmt::format("{} names are given, but there are {} views", names.size(),
                                     numbers.size()),
                 .remedy = "give one name for each view, in the order of their numbers"});
  }
  if (numbers == std::vector<int64_t>{1, 2, 3}) return {"mrna", "methylation", "mirna"};
  std::vector<std::string> numbered;
  for (const int64_t number : numbers) numbered.push_back(fmt::format("view{}", number));
  return numbered;
}

std::vector<std::string> read_lines(const fs::path& path) {
  std::istringstream text(io::read_text(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

void check_counts(const fs::path& file, int64_t count, const fs::path& other, int64_t expected,
                  std::string_view unit) {
  if (count == expected) return;
  throw Error(
      {.what = fmt::format("has {} {}, but {} has {}", count, unit, other.string(), expected),
       .where = file.string(),
       .remedy = "check that both files are of the same data set and complete"});
}

io::NumericMatrix read_plain(const fs::path& path) {
  return io::read_numeric_matrix(
      path,
      {.delimiter = ',', .header = io::Presence::kAbsent, .id_column = io::Presence::kAbsent});
}

/// Class numbers; M3CoL casts the floats to int, here they must be whole.
std::vector<double> read_labels(const fs::path& path) {
  io::NumericMatrix matrix = read_plain(path);
  if (matrix.columns != 1) {
    throw Error({.what = fmt::format("has {} columns, expected one label a line", matrix.columns),
                 .where = path.string()});
  }
  for (size_t row = 0; row < matrix.values.size(); ++row) {
    const double value = matrix.values[row];
    if (value >= 0 && value == std::floor(value) && value < 1e6) continue;
    throw Error({.what = fmt::format("the label is {}, expected a class number 0, 1, …", value),
                 .where = fmt::format("{}:{}", path.string(), row + 1)});
  }
  return std::move(matrix.values);
}

/// Fills a dataset from one folder.
class Importer {
 public:
  explicit Importer(const MogonetImport& request) : request_(request), folder_(request.folder) {}

  data::MatrixDataset read() {
    const std::vector<int64_t> numbers = find_views(folder_);
    const std::vector<std::string> names = name_views(numbers, request_.view_names);
    for (size_t v = 0; v < numbers.size(); ++v) {
      data::check_view_name(names[v]);
      dataset_.views.push_back({.name = names[v]});
    }
    for (const Part& part : kParts) read_part(part, numbers);
    for (size_t v = 0; v < numbers.size(); ++v) read_features(dataset_.views[v], numbers[v]);
    name_classes();
    return std::move(dataset_);
  }

 private:
  void read_part(const Part& part, const std::vector<int64_t>& numbers) {
    const fs::path labels_file = need_file(folder_, fmt::format("labels_{}", part.suffix));
    const std::vector<double> labels = read_labels(labels_file);
    const auto rows = static_cast<int64_t>(labels.size());
    const auto first = static_cast<int64_t>(dataset_.ids.size());
    dataset_.labels.insert(dataset_.labels.end(), labels.begin(), labels.end());
    for (std::string& id : read_ids(part, rows, labels_file)) dataset_.ids.push_back(std::move(id));
    std::vector<int64_t> split(labels.size());
    for (int64_t row = 0; row < rows; ++row) split[static_cast<size_t>(row)] = first + row;
    dataset_.splits.emplace_back(part.split, std::move(split));
    for (size_t v = 0; v < numbers.size(); ++v) {
      read_matrix(dataset_.views[v], numbers[v], part, rows, labels_file);
    }
  }

  std::vector<std::string> read_ids(const Part& part, int64_t rows, const fs::path& labels_file) {
    std::vector<std::string> ids;
    if (const auto path = find_file(folder_, fmt::format("samples_{}", part.suffix))) {
      ids = read_lines(*path);
      check_counts(*path, static_cast<int64_t>(ids.size()), labels_file, rows, "lines");
      for (const std::string& id : ids) {
        if (seen_.insert(id).second) continue;
        throw Error({.what = fmt::format("the sample '{}' is given twice", id),
                     .where = path->string(),
                     .remedy = "samples must be unique in the training and test parts together"});
      }
      return ids;
    }
    for (int64_t row = 0; row < rows; ++row) ids.push_back(fmt::format("{}-{}", part.split, row));
    return ids;
  }

  void read_matrix(data::MatrixView& view, int64_t number, const Part& part, int64_t rows,
                   const fs::path& labels_file) {
    const std::string name = fmt::format("{}_{}", number, part.suffix);
    const bool train = view.columns == 0;  // read first; it fixes the width
    const auto path = train ? need_file(folder_, name) : find_file(folder_, name);
    if (!path) {
      view.places.resize(view.places.size() + static_cast<size_t>(rows));
      return;
    }
    io::NumericMatrix matrix = read_plain(*path);
    check_counts(*path, matrix.rows, labels_file, rows, "rows");
    if (train) {
      view.columns = matrix.columns;
    } else {
      check_counts(*path, matrix.columns, need_file(folder_, fmt::format("{}_tr", number)),
                   view.columns, "columns");
    }
    const auto index = static_cast<int64_t>(view.matrices.size());
    for (int64_t row = 0; row < rows; ++row) {
      view.places.push_back(data::MatrixView::Place{.matrix = index, .row = row});
    }
    view.matrices.push_back({.file = fmt::format("{}.{}.npy", view.name, part.split),
                             .values = std::move(matrix.values)});
  }

  void read_features(data::MatrixView& view, int64_t number) const {
    const auto path = find_file(folder_, fmt::format("{}_featname", number));
    if (!path) return;
    view.features = read_lines(*path);
    check_counts(*path, static_cast<int64_t>(view.features.size()),
                 need_file(folder_, fmt::format("{}_tr", number)), view.columns, "names (columns)");
  }

  void name_classes() {
    const auto count =
        static_cast<size_t>(*std::max_element(dataset_.labels.begin(), dataset_.labels.end())) + 1;
    dataset_.label.names = request_.class_names;
    for (size_t i = 0; request_.class_names.empty() && i < count; ++i) {
      dataset_.label.names.push_back(std::to_string(i));
    }
    if (dataset_.label.names.size() >= count) return;
    throw Error({.what = fmt::format("has the class {}, but {} class names are given", count - 1,
                                     dataset_.label.names.size()),
                 .where = folder_.string(),
                 .remedy = "give one name for each class"});
  }

  const MogonetImport& request_;
  fs::path folder_;
  data::MatrixDataset dataset_;
  std::set<std::string> seen_;
};

}  // namespace

data::ImportSummary import_mogonet(const MogonetImport& request, const fs::path& out) {
  return data::write_matrix_dataset(out, Importer(request).read());
}

}  // namespace relata::systems::m3col
