#include "relata/nn/init.h"

#include <torch/torch.h>

namespace relata::nn {
namespace {

bool& skipping() {
  thread_local bool value = false;
  return value;
}

}  // namespace

SkipInitialisation::SkipInitialisation() : before_(skipping()) { skipping() = true; }

SkipInitialisation::~SkipInitialisation() { skipping() = before_; }

torch::Tensor uniform_init(torch::Tensor tensor, double bound) {
  const torch::NoGradGuard no_grad;
  return skipping() ? tensor : tensor.uniform_(-bound, bound);
}

torch::Tensor normal_init(torch::Tensor tensor, double deviation) {
  const torch::NoGradGuard no_grad;
  return skipping() ? tensor : tensor.normal_(0, deviation);
}

}  // namespace relata::nn
