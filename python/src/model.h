// A loaded model as Python holds it.
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "relata/train/model_folder.h"

namespace relata::python {

using NamedTensors = std::map<std::string, torch::Tensor>;

class Model {
 public:
  explicit Model(const std::filesystem::path& path) : loaded_(train::load_model(path)) {}

  std::string system() const { return loaded_.system->name(); }
  std::vector<std::string> roles() { return classifier().roles(); }
  std::vector<std::string> classes() const { return facts().at("classes"); }
  double temperature() const { return loaded_.info.calibration.temperature; }
  bool calibrated() const { return !loaded_.info.calibration.fitted_on.empty(); }
  std::string weights_hash() const { return loaded_.weights_hash; }
  const std::map<std::string, std::vector<std::string>>& facts() const {
    return loaded_.info.state.facts;
  }

  /// Logits, probabilities and embeddings of raw values, role → [rows, width].
  std::tuple<torch::Tensor, torch::Tensor, NamedTensors> forward(const NamedTensors& values);
  /// Sharing memory with the model.
  NamedTensors parameters();

  train::LoadedModel& loaded() { return loaded_; }

 private:
  /// Throws Error if the system does not classify.
  train::Classifies& classifier();

  train::LoadedModel loaded_;
};

}  // namespace relata::python
