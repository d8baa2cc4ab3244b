#include "options.h"

#include "relata/base/error.h"
#include "relata/data/split.h"

namespace relata::app {

void DataOptions::add_to(CLI::App& verb, const std::string& name) {
  verb.add_option(name, path, "a dataset folder (dataset.yaml) or a .jsonl file");
  verb.add_option("--on-error", on_error, "broken records: fail, or skip (counted and reported)")
      ->check(CLI::IsMember({"fail", "skip"}))
      ->capture_default_str();
}

void DataOptions::add_cut_to(CLI::App& verb) {
  verb.add_option(
      "--split", split,
      "cut a dataset without splits: 80/20 (train/test) or 80/10/10 (train/val/test), by group");
  verb.add_option("--split-seed", split_seed, "decides that cut")->capture_default_str();
}

data::OpenOptions DataOptions::open() const {
  return {.on_error = on_error == "skip" ? data::OnError::kSkip : data::OnError::kFail,
          .fractions = split.empty() ? std::vector<double>{} : data::parse_fractions(split),
          .seed = split_seed};
}

std::vector<std::string> DataOptions::arguments() const {
  std::vector<std::string> words{"--on-error", on_error};
  if (!split.empty())
    words.insert(words.end(), {"--split", split, "--split-seed", std::to_string(split_seed)});
  return words;
}

void ModelOptions::add_to(CLI::App& verb) {
  verb.add_option("model", model, "a model folder or a run folder")->required();
  data.add_to(verb, "data");
  verb.get_option("data")->required();
  verb.add_option("--split", apply.split, "which split; default: test, else val, else all");
  verb.add_option("--without", apply.without, "modalities to be treated as missing")
      ->delimiter(',');
}

ModelOptions::Opened ModelOptions::open() {
  Opened opened{.model = train::load_model(model),
                .dataset = data::Dataset::open(data.path, data.open()),
                .view = {}};
  opened.view = train::choose_split(*opened.dataset, apply);
  return opened;
}

nn::Precision precision_of(const std::string& name) {
  return name == "bf16" ? nn::Precision::kBf16 : nn::Precision::kFp32;
}

void require(const std::string& value, const std::string& option, const std::string& meaning) {
  if (!value.empty()) return;
  throw Error({.what = option + " is needed: " + meaning, .remedy = "add " + option + " …"});
}

}  // namespace relata::app
