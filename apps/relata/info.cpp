// relata info ANYTHING: what a model, a run, a dataset, a Store or a safetensors file is.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "output.h"
#include "relata/base/error.h"
#include "relata/data/dataset.h"
#include "relata/io/safetensors.h"
#include "relata/io/store.h"
#include "relata/models/backbone.h"
#include "relata/train/model_folder.h"
#include "verbs.h"

namespace relata::app {
namespace {

namespace fs = std::filesystem;
std::vector<std::string> capabilities(const train::System& system) {
  std::vector<std::string> names;
  if (dynamic_cast<const train::Classifies*>(&system) != nullptr) names.emplace_back("classifies");
  return names;
}

Facts about_model(const std::string& path) {
  const train::LoadedModel model = train::load_model(path);
  int64_t parameters = 0;
  for (const auto& parameter : model.system->module().parameters()) parameters += parameter.numel();
  Facts facts{{"kind", "model of " + model.system->name()},
              {"can", fmt::format("{}", fmt::join(capabilities(*model.system), ", "))},
              {"recipe", model.info.recipe.name},
              {"seed", std::to_string(model.info.seed)},
              {"weights", model.info.selection},
              {"parameters", std::to_string(parameters)},
              {"weights hash", model.weights_hash}};
  for (const auto& [name, values] : model.info.state.facts)
    facts.emplace_back(name, fmt::format("{}", fmt::join(values, ", ")));
  facts.emplace_back("calibration", model.info.calibration.fitted_on.empty()
                                        ? "none"
                                        : fmt::format("temperature {:.4g}, fitted on '{}'",
                                                      model.info.calibration.temperature,
                                                      model.info.calibration.fitted_on));
  return facts;
}

Facts about_backbone(const std::string& path) {
  const auto backbone = models::load_backbone(path);
  std::vector<std::string> can;
  if (backbone->encodes_images()) can.emplace_back("embeds pictures");
  if (backbone->encodes_texts()) can.emplace_back("embeds texts");
  if (backbone->decoder() != nullptr) can.emplace_back("generates");
  int64_t parameters = 0;
  for (const auto& parameter : backbone->module().parameters()) parameters += parameter.numel();
  return {{"kind", "backbone of type " + backbone->model_type()},
          {"can", fmt::format("{}", fmt::join(can, ", "))},
          {"parameters", std::to_string(parameters)},
          {"weights hash", nn::tensor_hash(nn::tensors_of(backbone->module()))},
          {"config", backbone->config().dump()}};
}

Facts about_store(const std::string& path) {
  const io::Store store(path);
  Facts facts{{"kind", "Store"}, {"items", std::to_string(store.size())}};
  for (const io::StoreColumn& column : store.schema().columns) {
    facts.emplace_back("column " + column.name,
                       fmt::format("{} {}{}", io::dtype_name(column.dtype),
                                   io::shape_text(column.shape), column.ragged ? ", ragged" : ""));
  }
  for (const auto& [name, value] : store.schema().facts) facts.emplace_back(name, value);
  return facts;
}

Facts about_dataset(const std::string& path) {
  const auto dataset = data::Dataset::open(path);
  Facts facts{{"kind", "dataset"}};
  for (const data::TableSpec& table : dataset->schema().tables) {
    std::vector<std::string> fields;
    for (const data::FieldSpec& field : table.fields)
      fields.push_back(field.name + ": " + modality_text(field));
    facts.emplace_back("table " + table.name, fmt::format("{}", fmt::join(fields, ", ")));
  }
  for (const std::string& split : dataset->splits()) {
    facts.emplace_back("split " + split, fmt::format("{} rows", dataset->split(split).size()));
  }
  return facts;
}

Facts about_tensors(const std::string& path) {
  const io::SafetensorsFile file(path);
  Facts facts{{"kind", "safetensors file"}};
  for (const auto& [name, value] : file.metadata()) facts.emplace_back("metadata " + name, value);
  for (const io::TensorInfo& tensor : file.tensors()) {
    facts.emplace_back(tensor.name, fmt::format("{} {}", io::dtype_name(tensor.dtype),
                                                io::shape_text(tensor.shape)));
  }
  return facts;
}

/// A run of several seeds: what there is, and where its models stand.
Facts about_run(const fs::path& path) {
  Facts facts{{"kind", "run of several jobs"}};
  for (const auto& entry : fs::directory_iterator(path / "jobs")) {
    if (!entry.is_directory()) continue;
    facts.emplace_back(entry.path().filename().string(),
                       fs::exists(entry.path() / "result.json") ? "finished" : "not finished");
  }
  std::sort(facts.begin() + 1, facts.end());
  return facts;
}

Facts about(const std::string& path) {
  if (!fs::exists(path))
    throw Error(
        {.what = "there is no such file or folder", .where = path, .remedy = "check the path"});
  if (fs::path(path).extension() == ".safetensors") return about_tensors(path);
  if (fs::exists(fs::path(path) / "dataset.yaml") || fs::path(path).extension() == ".jsonl")
    return about_dataset(path);
  if (fs::is_directory(fs::path(path) / "jobs")) return about_run(path);
  if (fs::exists(fs::path(path) / "store.json")) return about_store(path);
  if (models::is_backbone(path)) return about_backbone(path);
  return about_model(path);
}

}  // namespace

void add_info(CLI::App& app, const Common& common) {
  auto* verb =
      app.add_subcommand("info", "What a model, run, dataset, Store or .safetensors file is");
  const auto path = std::make_shared<std::string>();
  verb->add_option("path", *path,
                   "a model folder, run folder, dataset, Store, .jsonl or .safetensors file")
      ->required();
  verb->footer("Example:\n  relata info runs/first");
  verb->callback([path, &common] {
    const Facts facts = about(*path);
    print_facts(facts, common);
  });
}

}  // namespace relata::app
