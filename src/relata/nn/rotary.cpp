#include "relata/nn/rotary.h"

#include <torch/torch.h>

#include <numbers>

namespace relata::nn {
namespace {

using torch::Tensor;

/// Wavelengths longer than the trained context are stretched by `factor`, short ones are kept, and
/// those in between are blended linearly in their frequency.
Tensor stretched(const Tensor& frequency, const RotaryScaling& s) {
  const Tensor turns = s.original_positions * frequency / (2 * std::numbers::pi);
  const Tensor keep =
      ((turns - s.low_frequency_factor) / (s.high_frequency_factor - s.low_frequency_factor))
          .clamp(0, 1);
  return (1 - keep) * frequency / s.factor + keep * frequency;
}

}  // namespace

RotaryTable rotary_table(const RotaryOptions& options, int64_t positions) {
  const Tensor even = torch::arange(0, options.width, 2, torch::kFloat32);
  Tensor frequency = 1.0 / torch::pow(options.theta, even / static_cast<double>(options.width));
  if (options.scaled) frequency = stretched(frequency, options.scaling);
  frequency = frequency / options.linear_factor;
  const Tensor angle = torch::outer(torch::arange(positions, torch::kFloat32), frequency);
  const Tensor both = torch::cat({angle, angle}, -1);
  return {both.cos(), both.sin()};
}

Tensor rotate(const Tensor& x, const Tensor& cos, const Tensor& sin) {
  const auto halves = x.chunk(2, -1);
  const Tensor turned = torch::cat({-halves[1], halves[0]}, -1);
  return x * cos + turned * sin;
}

}  // namespace relata::nn
