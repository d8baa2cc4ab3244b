// Gradients against central differences, in float64.
#pragma once

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <functional>

namespace relata::test {

using ScalarFunction = std::function<torch::Tensor(const torch::Tensor&)>;

/// df/dx of a scalar f at x, by autograd.
inline torch::Tensor gradient_of(const ScalarFunction& f, const torch::Tensor& x) {
  const torch::Tensor leaf = x.detach().clone().requires_grad_();
  return torch::autograd::grad({f(leaf)}, {leaf}, {}, {}, false, /*allow_unused=*/false)[0];
}

/// (f(x + h) − f(x − h)) / 2h, element by element.
inline torch::Tensor central_differences(const ScalarFunction& f, const torch::Tensor& x) {
  constexpr double kStep = 1e-5;
  const torch::NoGradGuard no_grad;
  torch::Tensor slopes = torch::empty_like(x).flatten();
  for (int64_t i = 0; i < x.numel(); ++i) {
    const auto at = [&](double h) {
      torch::Tensor moved = x.detach().clone();
      moved.view(-1)[i] += h;
      return f(moved).item<double>();
    };
    slopes[i] = (at(kStep) - at(-kStep)) / (2 * kStep);
  }
  return slopes.view_as(x);
}

/// Expects the gradient of f at x (float64, contiguous) to agree with central differences.
inline void expect_gradient(const ScalarFunction& f, const torch::Tensor& x,
                            double tolerance = 1e-7) {
  ASSERT_EQ(x.scalar_type(), torch::kFloat64);
  const torch::Tensor slopes = central_differences(f, x);
  const double error = (gradient_of(f, x) - slopes).abs().max().item<double>();
  const double size = std::max(1.0, slopes.abs().max().item<double>());
  EXPECT_LT(error, tolerance * size) << "central differences:\n" << slopes;
}

}  // namespace relata::test
