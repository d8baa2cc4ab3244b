#include "relata/io/image/resample_weights.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace relata::io {
namespace {

// Each formula keeps Pillow's order of operations: weights are equal in the last bit of a double,
// except where two C libraries' sin differ.

double box(double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }

double triangle(double x) { return std::max(1.0 - std::abs(x), 0.0); }

double hamming(double x) {
  x = std::abs(x);
  if (x == 0.0) return 1.0;
  if (x >= 1.0) return 0.0;
  x *= std::numbers::pi;
  return std::sin(x) / x * (0.54F + 0.46F * std::cos(x));  // float constants, as in Pillow
}

/// Keys' cubic convolution with a = −½.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double lanczos(double x) { return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0; }

struct Kernel {
  double (*value)(double) = nullptr;
  double support = 0;
};

Kernel kernel_of(ResizeFilter filter) {
  switch (filter) {
    case ResizeFilter::kBox:
    case ResizeFilter::kNearest:
      return {box, 0.5};
    case ResizeFilter::kBilinear:
      return {triangle, 1.0};
    case ResizeFilter::kHamming:
      return {hamming, 1.0};
    case ResizeFilter::kBicubic:
      return {cubic, 2.0};
    case ResizeFilter::kLanczos:
      break;
  }
  return {lanczos, 3.0};
}

}  // namespace

int64_t AxisWeights::begin() const { return first.front(); }
int64_t AxisWeights::end() const { return int64_t{first.back()} + count.back(); }

AxisWeights axis_weights(int64_t in, int64_t out, ResizeFilter filter, int64_t begin, int64_t end) {
  const Kernel kernel = kernel_of(filter);
  const double scale = static_cast<double>(static_cast<float>(in)) / static_cast<double>(out);
  const double filter_scale = std::max(scale, 1.0);
  const double support = kernel.support * filter_scale;
  const double inverse = 1.0 / filter_scale;
  AxisWeights axis{.taps = 2 * static_cast<int64_t>(std::ceil(support)) + 1};
  axis.weights.resize(static_cast<std::size_t>((end - begin) * axis.taps));
  double* row = axis.weights.data();
  for (int64_t o = begin; o < end; ++o, row += axis.taps) {
    const double centre = (static_cast<double>(o) + 0.5) * scale;
    const int64_t low = std::max<int64_t>(static_cast<int64_t>(centre - support + 0.5), 0);
    const int64_t high = std::min(static_cast<int64_t>(centre + support + 0.5), in);
    double sum = 0.0;
    for (int64_t i = low; i < high; ++i) {
      const double weight = kernel.value((static_cast<double>(i) - centre + 0.5) * inverse);
      row[i - low] = weight;
      sum += weight;
    }
    for (int64_t t = 0; t < high - low && sum != 0.0; ++t) row[t] /= sum;
    axis.first.push_back(static_cast<int32_t>(low));
    axis.count.push_back(static_cast<int32_t>(high - low));
  }
  return axis;
}

std::vector<int32_t> fixed_weights(const AxisWeights& axis) {
  std::vector<int32_t> fixed(axis.weights.size());
  std::ranges::transform(axis.weights, fixed.begin(), [](double weight) {
    const double scaled = weight * (1 << kWeightBits);
    return static_cast<int32_t>(weight < 0 ? scaled - 0.5 : scaled + 0.5);
  });
  return fixed;
}

}  // namespace relata::io
