// The charts of a report, as drawings that stand alone: plain numbers and names in, one SVG out.
// No chart throws because of its values: what is not finite leaves a gap, and a chart without
// values says so.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "relata/report/axis.h"
#include "relata/report/frame.h"
#include "relata/report/svg.h"

namespace relata::report {

struct Series {
  std::string name = {};
  std::vector<Point> points = {};  ///< in the order in which they are joined
};

/// Curves over steps or epochs. A long series is drawn by the extremes of each stretch narrower
/// than a pixel, so a spike of one step stays visible. On a log axis, what is not positive is a
/// gap.
struct LineChart {
  std::string title = {};
  std::string x_title = {};
  std::string y_title = {};
  std::vector<Series> series = {};
  std::vector<Marker> markers = {};
  Scale y_scale = Scale::kLinear;
};
Drawing line_chart(const LineChart& chart);

struct RocCurve {
  std::string name = {};
  std::vector<Point> points =
      {};           ///< (false positive rate, true positive rate), from (0, 0) to (1, 1)
  double area = 0;  ///< under the curve; shown in the legend
};
struct RocChart {
  std::string title = {};
  std::vector<RocCurve> curves = {};
};
Drawing roc_chart(const RocChart& chart);

/// Shades follow the (square root of the) share of a row: hits in one colour, errors in another.
/// Beyond kMostClasses it only says how many there are.
struct ConfusionMatrix {
  static constexpr std::size_t kMostClasses = 60;
  std::string title = {};
  std::vector<std::string> classes = {};
  std::vector<std::vector<std::int64_t>> counts = {};  ///< [true class, predicted class]
};
/// Throws Error if `counts` is not square over `classes`.
Drawing confusion_matrix(const ConfusionMatrix& matrix);

struct ReliabilityBin {
  double low = 0;  ///< ends of the bin, in confidence
  double high = 0;
  std::int64_t count = 0;  ///< an empty bin is not drawn
  double confidence = 0;   ///< mean over the bin
  double accuracy = 0;
};
/// Accuracy against confidence; the gap between them is shaded, and a strip below shows how many
/// fall in each bin.
struct ReliabilityDiagram {
  std::string title = {};
  std::vector<ReliabilityBin> bins = {};
  double calibration_error = std::numeric_limits<double>::quiet_NaN();  ///< NaN: not shown
};
Drawing reliability_diagram(const ReliabilityDiagram& diagram);

enum class Emphasis { kQuiet, kStrong };

struct Interval {
  std::string name = {};
  double estimate = 0;
  double low = std::numeric_limits<double>::quiet_NaN();  ///< NaN: no interval
  double high = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> seeds = {};  ///< a small dot each
  Emphasis emphasis = Emphasis::kQuiet;
};
/// Systems against baselines: a row each, in the order given.
struct IntervalChart {
  std::string title = {};
  std::string x_title = {};
  std::vector<Interval> rows = {};
  std::vector<Marker> markers = {};
  int decimals = 3;  ///< of the numbers that are written out
};
Drawing interval_chart(const IntervalChart& chart);

}  // namespace relata::report
