// Which pixels a resized row or column is made of, and by which weights: Pillow's Resample.c.
#pragma once

#include <cstdint>
#include <vector>

#include "relata/io/image/resize.h"

namespace relata::io {

/// Weights of one axis. Output o is Σ_t weight[o, t] · input[first[o] + t] for t < count[o].
struct AxisWeights {
  int64_t taps = 0;  ///< most inputs of any output
  std::vector<int32_t> first = {};
  std::vector<int32_t> count = {};
  std::vector<double> weights = {};  ///< [outputs, taps], 0 where t ≥ count

  int64_t outputs() const { return static_cast<int64_t>(first.size()); }
  /// The inputs that any output needs: [begin, end).
  int64_t begin() const;
  int64_t end() const;
};

/// Weights of outputs [begin, end) when `in` pixels become `out`. `filter` is not kNearest.
AxisWeights axis_weights(int64_t in, int64_t out, ResizeFilter filter, int64_t begin, int64_t end);

/// Fixed point of bytes: 22 fractional bits, so that the sum of 255 times the weights, which may
/// overshoot, fits into 32 bits.
inline constexpr int kWeightBits = 22;

/// The weights [outputs, taps] in fixed point, rounded half away from zero.
std::vector<int32_t> fixed_weights(const AxisWeights& axis);

}  // namespace relata::io
