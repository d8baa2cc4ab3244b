// Adam, AdamW and SGD on libtorch's fused kernels, with named state for checkpoints.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>
#include <vector>

#include "relata/train/config.h"
#include "relata/train/system.h"

namespace relata::train {

class Optimizer {
 public:
  /// Throws Error if a parameter stands in two groups.
  Optimizer(const OptimizerConfig& config, std::vector<ParameterGroup> groups);

  /// Forgets the gradients; the next backward pass makes new ones.
  void clear_gradients();
  /// Scales the gradients so that their joint norm is at most `limit`; returns the norm before.
  double clip_gradients(double limit);
  /// One update at lr · factor. Parameters without a gradient keep their value.
  void step(double factor);

  /// State by name ("first/encoder1.hidden.weight"), sharing memory with the optimiser.
  std::map<std::string, torch::Tensor> state() const;

 private:
  struct Slot {
    std::string name;
    torch::Tensor parameter, first, second, steps;
  };
  struct Group {
    double lr_scale;
    double weight_decay;
    std::vector<Slot> slots;
  };
  struct Active;
  Active active(const Group& group) const;

  OptimizerConfig config_;
  std::vector<Group> groups_;
};

}  // namespace relata::train
