// A tiny multi-omics dataset on disk.
#pragma once

#include "relata/systems/m3col/system.h"
#include "support/dataset.h"
#include "support/scratch.h"

namespace relata::systems::m3col {

struct OmicsRow {
  std::string label;                        ///< empty: not labelled
  std::vector<std::vector<double>> values;  ///< per role; an empty one is missing
};

inline std::string json_lines(const std::vector<OmicsRow>& rows, const std::string& prefix) {
  std::string text;
  for (size_t i = 0; i < rows.size(); ++i) {
    text += fmt::format(R"({{"id": "{}{}", "y": {})", prefix, i,
                        rows[i].label.empty() ? "null" : "\"" + rows[i].label + "\"");
    for (size_t m = 0; m < rows[i].values.size(); ++m) {
      text += fmt::format(R"(, "m{}": {})", m + 1, test::json_vector(rows[i].values[m]));
    }
    text += "}\n";
  }
  return text;
}

/// Roles m1 … m3, label y with these classes, splits train and test.
inline std::shared_ptr<const data::Dataset> open_omics(const std::filesystem::path& folder,
                                                       const std::vector<OmicsRow>& train,
                                                       const std::vector<OmicsRow>& test,
                                                       const std::string& classes = "a, b, c") {
  return test::open_dataset(folder, {{"dataset.yaml",
                                      "fields: {m1: vector, m2: vector, m3: vector, y: label}\n"
                                      "splits: {train: train.jsonl, test: test.jsonl}\n"
                                      "labels: {y: {kind: class, names: [" +
                                          classes + "]}}\n"},
                                     {"train.jsonl", json_lines(train, "t")},
                                     {"test.jsonl", json_lines(test, "e")}});
}

/// sin of a running number: rows of width 4, labels a, b, c in turn.
inline std::vector<OmicsRow> plain_rows(size_t count, double phase = 0) {
  std::vector<OmicsRow> rows(count);
  for (size_t i = 0; i < count; ++i) {
    rows[i].label = std::string(1, static_cast<char>('a' + i % 3));
    for (int m = 0; m < 3; ++m) {
      std::vector<double> x;
      for (int j = 0; j < 4; ++j)
        x.push_back(std::sin(phase + 1.3 * static_cast<double>(i) + 0.7 * j + m));
      rows[i].values.push_back(x);
    }
  }
  return rows;
}

/// Fitted and built on the training split.
inline std::unique_ptr<M3col> fitted(const Config& config, const data::Dataset& dataset) {
  auto system = std::make_unique<M3col>(config);
  const train::State state = system->fit(dataset.split("train"));
  torch::manual_seed(0);
  system->build(state);
  return system;
}

inline data::Batch collate_all(const M3col& system, const data::View& view) {
  std::vector<int64_t> positions(static_cast<size_t>(view.size()));
  for (size_t i = 0; i < positions.size(); ++i) positions[i] = static_cast<int64_t>(i);
  return system.collate(positions, view, CounterRng(0));
}

}  // namespace relata::systems::m3col
