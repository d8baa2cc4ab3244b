// An axis of numbers: where its ticks stand, what they say, and where a value falls between its
// ends.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace relata::report {

/// Both ends finite, low <= high.
struct Range {
  double low = 0;
  double high = 1;
};

struct Tick {
  double value = 0;
  std::string label;
};

enum class Scale { kLinear, kLog };

struct Axis {
  Scale scale = Scale::kLinear;
  Range range;              ///< what the axis shows
  std::vector<Tick> ticks;  ///< within the range, ascending

  /// 0 at the low end, 1 at the high end; on a log axis of log(value).
  double fraction(double value) const;
};

struct AxisWish {
  int ticks = 5;          ///< about how many
  bool whole = false;     ///< whole numbers only, for counts and epochs
  bool to_ticks = false;  ///< the ends are moved outward to ticks
};

/// Whether a chart shows `value`: finite, and not so large that differences overflow.
bool drawable(double value);

/// The ends of the drawable values; nothing if there are none.
std::optional<Range> range_of(std::span<const double> values);

/// Ticks at 1, 2 or 5 times a power of ten. A range without width is widened around its value.
Axis linear_axis(Range range, const AxisWish& wish);

/// Ticks at powers of ten, or at 1, 2 and 5 times those in a short range; the ends are moved
/// outward to ticks. `range` is positive.
Axis log_axis(Range range);

}  // namespace relata::report
