#include "relata/models/weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/io/json.h"
#include "relata/nn/foreign_file.h"

namespace relata::models {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Tensor → file name.
std::map<std::string, std::string> read_index(const fs::path& path) {
  const json index = io::parse_json_strict(read_file(path), path.string());
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object())
    throw Error({.what = "no object 'weight_map'", .where = path.string()});
  std::map<std::string, std::string> shards;
  for (const auto& [tensor, file] : index["weight_map"].items()) {
    const std::string name = file.is_string() ? file.get<std::string>() : "";
    // A shard stands beside its index.
    if (name.empty() || fs::path(name).filename() != name) {
      throw Error({.what = fmt::format("'{}' is in {}, which is no file name", tensor, file.dump()),
                   .where = path.string()});
    }
    shards[tensor] = name;
  }
  return shards;
}

nn::NamedTensors read_shards(const fs::path& folder, const fs::path& index) {
  const std::map<std::string, std::string> shards = read_index(index);
  std::set<std::string> files;
  for (const auto& [tensor, file] : shards) files.insert(file);
  std::vector<std::string> missing;
  for (const std::string& file : files) {
    if (!fs::is_regular_file(folder / file)) missing.push_back(file);
  }
  if (!missing.empty()) {
    throw Error({.what = fmt::format("{} of {} shards are missing: {}", missing.size(),
                                     files.size(), fmt::join(missing, ", ")),
                 .where = folder.string(),
                 .remedy = "download it again"});
  }
  nn::NamedTensors tensors;
  std::vector<std::string> faults;
  for (const std::string& file : files) {
    for (auto& [name, tensor] : nn::map_foreign(folder / file)) {
      const auto found = shards.find(name);
      if (found == shards.end() || found->second != file)
        faults.push_back(fmt::format("'{}' in {}", name, file));
      tensors[name] = std::move(tensor);
    }
  }
  for (const auto& [tensor, file] : shards) {
    if (!tensors.contains(tensor)) faults.push_back(fmt::format("no '{}' in {}", tensor, file));
  }
  if (faults.empty()) return tensors;
  throw Error({.what = fmt::format("the index and its shards differ: {}", fmt::join(faults, ", ")),
               .where = index.string()});
}

}  // namespace

nn::NamedTensors read_weights(const fs::path& folder) {
  for (const char* name : {"model.safetensors", "pytorch_model.bin"}) {
    const fs::path whole = folder / name;
    if (fs::is_regular_file(whole)) return nn::map_foreign(whole);
    const fs::path index = folder / (std::string(name) + ".index.json");
    if (fs::is_regular_file(index)) return read_shards(folder, index);
  }
  throw Error({.what = "no weights: neither model.safetensors nor pytorch_model.bin, nor an index "
                       "of their shards",
               .where = folder.string(),
               .remedy = "download the weights again"});
}

}  // namespace relata::models
