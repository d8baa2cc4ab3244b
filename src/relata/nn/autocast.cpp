#include "relata/nn/autocast.h"

#include <ATen/autocast_mode.h>

namespace relata::nn {
namespace autocast = at::autocast;

Autocast::Autocast(Precision precision)
    : was_enabled_(autocast::is_autocast_enabled(at::kCPU)),
      dtype_before_(autocast::get_autocast_dtype(at::kCPU)) {
  autocast::set_autocast_enabled(at::kCPU, precision == Precision::kBf16);
  autocast::set_autocast_dtype(at::kCPU, torch::kBFloat16);
  autocast::increment_nesting();
}

Autocast::~Autocast() {
  // Weights were cast once for the whole scope; the next step has others.
  if (autocast::decrement_nesting() == 0) autocast::clear_cache();
  autocast::set_autocast_dtype(at::kCPU, dtype_before_);
  autocast::set_autocast_enabled(at::kCPU, was_enabled_);
}

torch::Tensor widened(const torch::Tensor& x) {
  return x.defined() && at::isReducedFloatingType(x.scalar_type()) ? x.to(torch::kFloat32) : x;
}

}  // namespace relata::nn
