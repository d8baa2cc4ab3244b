#include "relata/train/model_folder.h"

#include <cinttypes>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/base/log.h"
#include "relata/io/json.h"
#include "relata/nn/tensor_file.h"

namespace relata::train {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view kStatePrefix = "state.";
constexpr int kFormat = 1;

/// The first seed of a run of several that has a model; empty if none has.
fs::path first_seed_of(const fs::path& run) {
  std::map<int64_t, fs::path> seeds;
  if (!fs::is_directory(run / "jobs")) return {};
  for (const auto& entry : fs::directory_iterator(run / "jobs")) {
    const std::string name = entry.path().filename().string();
    int64_t seed = 0;
    if (std::sscanf(name.c_str(), "seed-%" SCNd64, &seed) == 1 &&
        fs::exists(entry.path() / "model" / "config.json")) {
      seeds[seed] = entry.path() / "model";
    }
  }
  return seeds.empty() ? fs::path() : seeds.begin()->second;
}

fs::path model_folder_of(const fs::path& path) {
  if (fs::exists(path / "config.json")) return path;
  if (fs::exists(path / "model" / "config.json")) return path / "model";
  if (fs::path first = first_seed_of(path); !first.empty()) {
    spdlog::info("{} holds several seeds; using the first, {}", path.string(),
                 first.parent_path().string());
    return first;
  }
  const bool run = fs::exists(path / "config.yaml");
  throw Error(
      {.what = run ? "is a run that has no finished model" : "is no model folder and no run folder",
       .where = path.string(),
       .remedy = run ? "finish it with `relata train … --resume`" : "check the path"});
}

}  // namespace

void save_model(const fs::path& folder, System& system, const ModelInfo& info,
                const std::string& card) {
  nn::NamedTensors tensors = nn::tensors_of(system.module());
  for (const auto& [name, tensor] : info.state.tensors)
    tensors[std::string(kStatePrefix) + name] = tensor;
  const std::string hash = nn::tensor_hash(tensors);
  const json config{{"format", kFormat},
                    {"relata", RELATA_VERSION},
                    {"system", system.name()},
                    {"recipe", info.recipe.yaml()},
                    {"recipe_name", info.recipe.name},
                    {"facts", info.state.facts},
                    {"seed", info.seed},
                    {"selection", info.selection},
                    {"temperature", info.calibration.temperature},
                    {"calibrated_on", info.calibration.fitted_on},
                    {"weights_hash", hash}};
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  write_folder(folder, [&](const fs::path& temporary) {
    nn::save_tensors(temporary / "model.safetensors", tensors, {{"format", "pt"}});
    write_file(temporary / "config.json", config.dump(2) + "\n");
    write_file(temporary / "README.md", card);
  });
}

LoadedModel load_model(const fs::path& path) {
  const fs::path folder = model_folder_of(path);
  const std::string where = (folder / "config.json").string();
  const json config = io::parse_json_strict(read_file(folder / "config.json"), where);
  LoadedModel model;
  try {
    if (config.at("format").get<int>() > kFormat) {
      throw Error(
          {.what = "was written by a newer relata", .where = where, .remedy = "update relata"});
    }
    model.info.recipe =
        parse_recipe(config.at("recipe").get<std::string>(), config.at("recipe_name"), {});
    model.info.state.facts =
        config.at("facts").get<std::map<std::string, std::vector<std::string>>>();
    model.info.seed = config.at("seed");
    model.info.selection = config.at("selection");
    model.info.calibration = {.temperature = config.at("temperature"),
                              .fitted_on = config.at("calibrated_on")};
    model.weights_hash = config.at("weights_hash");
  } catch (const json::exception& error) {
    throw Error(
        {.what = std::string("is no model configuration: ") + error.what(), .where = where});
  }
  const std::string weights_file = (folder / "model.safetensors").string();
  nn::NamedTensors weights;
  const nn::NamedTensors tensors = nn::load_tensors(weights_file).tensors;
  if (nn::tensor_hash(tensors) != model.weights_hash) {
    throw Error({.what = "does not hold the weights that config.json describes",
                 .where = weights_file,
                 .remedy = "restore the folder"});
  }
  for (const auto& [name, tensor] : tensors) {
    const bool state = name.starts_with(kStatePrefix);
    (state ? model.info.state.tensors : weights)[state ? name.substr(kStatePrefix.size()) : name] =
        tensor;
  }
  model.system = model.info.recipe.make_system();
  try {
    model.system->build(model.info.state);
  } catch (const std::out_of_range&) {
    throw Error({.what = "lacks facts or statistics that the system was fitted with",
                 .where = folder.string(),
                 .remedy = "restore the folder"});
  }
  nn::assign_tensors(nn::tensors_of(model.system->module()), weights, weights_file);
  model.system->module().eval();
  return model;
}

}  // namespace relata::train
