// Small tensors by formula, and comparisons that show what differs.
#pragma once

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <functional>

namespace relata::test {

/// x[i, j] = f(i, j), float64 [rows, columns].
inline torch::Tensor matrix(int64_t rows, int64_t columns,
                            const std::function<double(double, double)>& f) {
  torch::Tensor x = torch::empty({rows, columns}, torch::kFloat64);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      x[i][j] = f(static_cast<double>(i), static_cast<double>(j));
    }
  }
  return x;
}

inline torch::Tensor doubles(const std::vector<double>& values) {
  return torch::tensor(values, torch::kFloat64);
}

inline torch::Tensor integers(const std::vector<int64_t>& values) {
  return torch::tensor(values, torch::kInt64);
}

/// The largest difference; infinite if the shapes differ.
inline double distance(const torch::Tensor& a, const torch::Tensor& b) {
  if (a.sizes() != b.sizes()) return INFINITY;
  return a.numel() == 0
             ? 0
             : (a.to(torch::kFloat64) - b.to(torch::kFloat64)).abs().max().item<double>();
}

}  // namespace relata::test
