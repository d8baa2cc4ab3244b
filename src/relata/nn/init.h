// Initialisation of parameters, which loading a checkpoint leaves out.
#pragma once

#include <torch/types.h>

namespace relata::nn {

/// While one is alive on this thread, the functions below leave tensors as they are: every value is
/// about to be read from a file, and no generator is moved.
class SkipInitialisation {
 public:
  SkipInitialisation();
  ~SkipInitialisation();
  SkipInitialisation(const SkipInitialisation&) = delete;
  SkipInitialisation& operator=(const SkipInitialisation&) = delete;

 private:
  bool before_;
};

/// In place, from torch's CPU generator. All give the tensor back.
torch::Tensor uniform_init(torch::Tensor tensor, double bound);  ///< in [−bound, bound)
torch::Tensor normal_init(torch::Tensor tensor, double deviation);

}  // namespace relata::nn
