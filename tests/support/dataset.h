// Datasets of a test, written to a folder and opened the way a user's are.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "relata/base/file.h"
#include "relata/data/dataset.h"

namespace relata::test {

/// `files`: name → content, dataset.yaml among them.
inline std::shared_ptr<const data::Dataset> open_dataset(
    const std::filesystem::path& folder, const std::map<std::string, std::string>& files) {
  std::filesystem::create_directories(folder);
  for (const auto& [name, content] : files) write_file(folder / name, content);
  return data::Dataset::open(folder);
}

/// "[1, 2.5]", or null if there are none: a missing modality.
inline std::string json_vector(const std::vector<double>& values) {
  return values.empty() ? "null" : fmt::format("[{}]", fmt::join(values, ", "));
}

}  // namespace relata::test
