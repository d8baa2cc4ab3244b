#include "relata/models/sentence_settings.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/io/json.h"

namespace relata::models {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json read_json(const fs::path& path) {
  return io::parse_json_strict(read_file(path), path.string());
}

std::string pooling_of(const fs::path& path) {
  constexpr std::array<std::pair<const char*, const char*>, 3> kModes{
      {{"pooling_mode_mean_tokens", "mean"},
       {"pooling_mode_cls_token", "first"},
       {"pooling_mode_max_tokens", "max"}}};
  const json content = read_json(path);
  std::string chosen;
  for (const auto& [key, on] : content.items()) {
    if (!key.starts_with("pooling_mode_") || on != true) continue;
    std::string name;
    for (const auto& [mode, ours] : kModes) {
      if (key == mode) name = ours;
    }
    if (name.empty() || !chosen.empty()) {
      throw Error({.what = fmt::format("'{}' {}", key,
                                       name.empty() ? "is not known" : "beside another pooling"),
                   .where = path.string(),
                   .remedy = "known are mean, cls and max, one of them"});
    }
    chosen = name;
  }
  if (chosen.empty()) throw Error({.what = "no pooling is chosen", .where = path.string()});
  return chosen;
}

}  // namespace

json sentence_settings(const fs::path& folder) {
  const fs::path modules = folder / "modules.json";
  json settings = json::object();
  if (!fs::is_regular_file(modules)) return settings;
  settings = {{"pooling", "mean"}, {"normalise", false}};
  for (const json& module : read_json(modules)) {
    const std::string type = module.is_object() ? module.value("type", "") : "";
    const std::string name = type.substr(type.rfind('.') + 1);
    if (name == "Pooling") {
      settings["pooling"] = pooling_of(folder / module.value("path", "") / "config.json");
    } else if (name == "Normalize") {
      settings["normalise"] = true;
    } else if (name != "Transformer") {
      throw Error({.what = "the module '" + type + "' is not known",
                   .where = modules.string(),
                   .remedy = "known are Transformer, Pooling, Normalize"});
    }
  }
  const fs::path limits = folder / "sentence_bert_config.json";
  if (fs::is_regular_file(limits)) {
    const json content = read_json(limits);
    if (content.contains("max_seq_length") && content["max_seq_length"].is_number_integer())
      settings["most_tokens"] = content["max_seq_length"];
  }
  return settings;
}

}  // namespace relata::models
