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

/// The formula of rotate() in one pass, where no gradient is wanted. cos and sin are
/// [batch, 1, tokens, width].
template <class Number>
void rotate_into(const Tensor& out, const Tensor& x, const Tensor& cos, const Tensor& sin) {
  const auto to = out.accessor<Number, 4>();
  const auto from = x.accessor<Number, 4>();
  const auto c = cos.accessor<Number, 4>();
  const auto s = sin.accessor<Number, 4>();
  const int64_t half = x.size(3) / 2;
  const auto wide = [](Number value) { return static_cast<float>(value); };
  for (int64_t row = 0; row < x.size(0); ++row) {
    for (int64_t head = 0; head < x.size(1); ++head) {
      for (int64_t token = 0; token < x.size(2); ++token) {
        const auto a = from[row][head][token];
        const auto cosines = c[row][0][token];
        const auto sines = s[row][0][token];
        auto result = to[row][head][token];
        for (int64_t i = 0; i < half; ++i) {
          const float low = wide(a[i]);
          const float high = wide(a[i + half]);
          result[i] = static_cast<Number>(low * wide(cosines[i]) - high * wide(sines[i]));
          result[i + half] =
              static_cast<Number>(high * wide(cosines[i + half]) + low * wide(sines[i + half]));
        }
      }
    }
  }
}

/// [tokens, width] or [batch or 1, 1, tokens, width] → [batch, 1, tokens, width]
Tensor of_batch(const Tensor& table, int64_t batch) {
  const Tensor all = table.dim() == 2 ? table.unsqueeze(0).unsqueeze(0) : table;
  return all.expand({batch, -1, -1, -1});
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
  // Long texts are better served by libtorch's parallel operations.
  constexpr int64_t kFewTokens = 4;
  const bool wants_gradient = at::GradMode::is_enabled() && x.requires_grad();
  if (!wants_gradient && x.dim() == 4 && x.size(2) <= kFewTokens &&
      x.scalar_type() == cos.scalar_type() && (cos.dim() == 2 || cos.dim() == 4)) {
    const Tensor out = torch::empty(x.sizes(), x.options());
    const Tensor c = of_batch(cos, x.size(0));
    const Tensor s = of_batch(sin, x.size(0));
    if (x.scalar_type() == torch::kFloat32) return rotate_into<float>(out, x, c, s), out;
    if (x.scalar_type() == torch::kBFloat16) return rotate_into<c10::BFloat16>(out, x, c, s), out;
  }
  const auto halves = x.chunk(2, -1);
  const Tensor turned = torch::cat({-halves[1], halves[0]}, -1);
  return x * cos + turned * sin;
}

}  // namespace relata::nn
