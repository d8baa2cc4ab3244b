#include "relata/report/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "relata/report/text.h"

namespace relata::report {
namespace {

constexpr double kLargest = 1e300;
constexpr double kLeastRelativeWidth =
    1e-9;  // below, ticks would need more digits than a label can show

Range widened(Range range) {
  const double size = std::max(std::abs(range.low), std::abs(range.high));
  if (range.high - range.low > std::max(size * kLeastRelativeWidth, 1 / kLargest)) return range;
  const double margin = size > 1 / kLargest ? size * 0.1 : 1;
  return {range.low - margin, range.high + margin};
}

double nice_step(double width, const AxisWish& wish) {
  const double rough = width / std::max(1, wish.ticks);
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {1., 2., 5.}) {
    if (factor * power >= rough * 0.75) {
      step = factor * power;
      break;
    }
  }
  return wish.whole ? std::max(1., std::round(step)) : step;
}

std::string signed_label(const std::string& digits, double value) {
  return value < 0 ? "−" + digits : digits;
}

/// A label with the digits that tell ticks `step` apart.
std::string label(double value, double step) {
  const double size = std::abs(value);
  if (size < step / 2) return "0";
  if (step >= 1e15 || step < 1e-5) return signed_label(fmt::format("{:.4g}", size), value);
  for (const auto& [unit, name] : {std::pair{1e9, "G"}, std::pair{1e6, "M"}}) {
    if (step >= unit / 10) return signed_label(fmt::format("{:g}{}", size / unit, name), value);
  }
  if (step >= 1) return signed_label(with_thousands(std::llround(size)), value);
  const int decimals = static_cast<int>(std::ceil(-std::log10(step) - 1e-9));
  return signed_label(fmt::format("{:.{}f}", size, decimals), value);
}

std::string log_label(double value) {
  return value >= 1e-4 && value < 1e6 ? fmt::format("{:g}", value) : fmt::format("{:.0e}", value);
}

/// Nice values from the last at or below `range` to the first at or above it.
std::vector<double> log_candidates(Range range) {
  const int lowest = static_cast<int>(std::floor(std::log10(range.low)));
  const int highest = static_cast<int>(std::ceil(std::log10(range.high)));
  const int stride = std::max(1, (highest - lowest + 5) / 6);
  const std::vector<double> factors =
      highest - lowest > 3 ? std::vector<double>{1} : std::vector<double>{1, 2, 5};
  std::vector<double> all;
  for (int power = lowest; power < highest + stride; power += stride) {
    for (const double factor : factors) all.push_back(factor * std::pow(10, power));
  }
  const auto first = std::prev(std::upper_bound(all.begin() + 1, all.end(), range.low));
  const auto last = std::lower_bound(first, all.end() - 1, range.high);
  return {first, last + 1};
}

}  // namespace

double Axis::fraction(double value) const {
  if (scale == Scale::kLinear) return (value - range.low) / (range.high - range.low);
  const double low = std::log10(range.low);
  return (std::log10(value) - low) / (std::log10(range.high) - low);
}

bool drawable(double value) { return std::isfinite(value) && std::abs(value) <= kLargest; }

std::optional<Range> range_of(std::span<const double> values) {
  std::optional<Range> range;
  for (const double value : values) {
    if (!drawable(value)) continue;
    if (!range) range = Range{value, value};
    range->low = std::min(range->low, value);
    range->high = std::max(range->high, value);
  }
  return range;
}

Axis linear_axis(Range range, const AxisWish& wish) {
  range = widened(range);
  const double step = nice_step(range.high - range.low, wish);
  const double slack = 1e-6;  // of a step: 0.3 / 0.1 is not quite 3
  double first = std::ceil(range.low / step - slack);
  double last = std::floor(range.high / step + slack);
  if (wish.to_ticks) {
    first = std::floor(range.low / step + slack);
    last = std::ceil(range.high / step - slack);
    range = {first * step, last * step};
  }
  Axis axis{.range = range, .ticks = {}};
  const auto count = static_cast<int64_t>(last - first) + 1;
  for (int64_t i = 0; i < count; ++i) {
    const double value = (first + static_cast<double>(i)) * step;
    axis.ticks.push_back({value, label(value, step)});
  }
  return axis;
}

Axis log_axis(Range range) {
  if (range.high < range.low * (1 + kLeastRelativeWidth)) range = {range.low / 2, range.high * 2};
  Axis axis{.scale = Scale::kLog, .range = {}, .ticks = {}};
  for (const double value : log_candidates(range)) axis.ticks.push_back({value, log_label(value)});
  axis.range = {axis.ticks.front().value, axis.ticks.back().value};
  return axis;
}

}  // namespace relata::report
