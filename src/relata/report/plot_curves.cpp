// Line charts and ROC curves.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "relata/report/plot.h"
#include "relata/report/text.h"

namespace relata::report {
namespace {

constexpr double kPlotHeight = 210;
constexpr double kRightMargin = 12;
constexpr std::size_t kMostStretches = 440;  // one a unit of the canvas's width

using Points = std::vector<Point>;

bool shown(const Point& point, Scale y_scale) {
  return drawable(point.x) && drawable(point.y) && (y_scale == Scale::kLinear || point.y > 0);
}

/// The runs between gaps.
std::vector<Points> runs(const Points& points, Scale y_scale) {
  std::vector<Points> result;
  bool open = false;
  for (const Point& point : points) {
    const bool good = shown(point, y_scale);
    if (good && !open) result.emplace_back();
    if (good) result.back().push_back(point);
    open = good;
  }
  return result;
}

/// First, lowest, highest and last shown point of a stretch, in their order; one gap if none is
/// shown.
Points extremes(std::span<const Point> stretch, Scale y_scale) {
  Points kept;
  std::copy_if(stretch.begin(), stretch.end(), std::back_inserter(kept),
               [y_scale](const Point& point) { return shown(point, y_scale); });
  if (kept.size() <= 4) return kept.empty() ? Points{stretch.front()} : kept;
  const auto [low, high] = std::minmax_element(
      kept.begin(), kept.end(), [](const Point& a, const Point& b) { return a.y < b.y; });
  return {kept.front(), *std::min(low, high), *std::max(low, high), kept.back()};
}

Points decimated(const Points& points, Scale y_scale) {
  if (points.size() <= 4 * kMostStretches) return points;
  Points result;
  for (std::size_t i = 0; i < kMostStretches; ++i) {
    const std::size_t first = i * points.size() / kMostStretches;
    const std::size_t last = (i + 1) * points.size() / kMostStretches;
    const Points kept = extremes(std::span(points).subspan(first, last - first), y_scale);
    result.insert(result.end(), kept.begin(), kept.end());
  }
  return result;
}

struct Extent {
  std::optional<Range> x;
  std::optional<Range> y;
  bool whole_x = true;
  std::size_t left_out = 0;
};

Extent extent_of(const LineChart& chart) {
  std::vector<double> xs;
  std::vector<double> ys;
  Extent extent;
  for (const Series& series : chart.series) {
    for (const Point& point : series.points) {
      if (!shown(point, chart.y_scale)) {
        ++extent.left_out;
        continue;
      }
      xs.push_back(point.x);
      ys.push_back(point.y);
      extent.whole_x = extent.whole_x && point.x == std::floor(point.x);
    }
  }
  extent.x = range_of(xs);
  extent.y = range_of(ys);
  return extent;
}

void draw_curve(Canvas& canvas, const Frame& frame, const Points& points, const std::string& look) {
  for (const Points& run : runs(points, frame.y.scale)) {
    Points placed;
    for (const Point& point : run) placed.push_back(frame.place(point.x, point.y));
    if (placed.size() == 1) {
      canvas.dot(placed[0], 2.5, "fill " + look);
    } else {
      canvas.path(placed, "line " + look);
    }
  }
}

std::string describe(const LineChart& chart, const Extent& extent) {
  std::string text = fmt::format("{} over {}.", chart.y_title, chart.x_title);
  for (const Series& series : chart.series) {
    const auto all = runs(series.points, chart.y_scale);
    text += all.empty() ? fmt::format(" {}: no values.", series.name)
                        : fmt::format(" {}: from {:.4g} to {:.4g}.", series.name,
                                      all.front().front().y, all.back().back().y);
  }
  if (extent.left_out > 0) {
    text += fmt::format(" Points without a value to draw: {}.", extent.left_out);
  }
  return text;
}

Frame unit_square(double top) {
  constexpr double kSide = 330;
  const Axis axis = linear_axis({0, 1}, {.ticks = 5});
  return {.plot = {(Canvas::kWidth - kSide) / 2, top, kSide, kSide}, .x = axis, .y = axis};
}

}  // namespace

Drawing line_chart(const LineChart& chart) {
  Canvas canvas;
  Heading heading{.title = chart.title, .note = chart.y_title};
  if (chart.y_scale == Scale::kLog) heading.note += " (log scale)";
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    heading.legend.push_back({.name = chart.series[i].name, .look = series_look(i)});
  }
  const double top = draw_heading(canvas, heading);
  const Extent extent = extent_of(chart);
  const bool log = chart.y_scale == Scale::kLog && extent.y;
  Frame frame{
      .plot = {},
      .x = linear_axis(extent.x.value_or(Range{}), {.ticks = 6, .whole = extent.whole_x}),
      .y = log ? log_axis(*extent.y) : linear_axis(extent.y.value_or(Range{}), {.to_ticks = true})};
  const double left = label_room(frame.y);
  frame.plot = {left, top, Canvas::kWidth - left - kRightMargin, kPlotHeight};
  const double bottom = draw_axes(canvas, frame, chart.x_title);
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const Points points = decimated(chart.series[i].points, chart.y_scale);
    draw_curve(canvas, frame, points, series_look(i));
  }
  if (!extent.x) draw_absence(canvas, frame);
  draw_markers(canvas, frame, chart.markers);
  return canvas.finish(
      {.title = chart.title, .description = describe(chart, extent), .height = bottom});
}

Drawing roc_chart(const RocChart& chart) {
  Canvas canvas;
  Heading heading{.title = chart.title, .note = "True positive rate"};
  std::string description = "True over false positive rate.";
  for (std::size_t i = 0; i < chart.curves.size(); ++i) {
    const RocCurve& curve = chart.curves[i];
    const std::string area =
        drawable(curve.area) ? fmt::format("AUC {:.3f}", curve.area) : "no AUC";
    const std::string name = shorten(curve.name, 34);
    heading.legend.push_back(
        {.name = name.empty() ? area : name + " (" + area + ")", .look = series_look(i)});
    description += fmt::format(" {}: {}.", curve.name, area);
  }
  const Frame frame = unit_square(draw_heading(canvas, heading));
  const double bottom = draw_axes(canvas, frame, "False positive rate");
  canvas.line(frame.place(0, 0), frame.place(1, 1), "guide");
  for (std::size_t i = 0; i < chart.curves.size(); ++i) {
    draw_curve(canvas, frame, decimated(chart.curves[i].points, Scale::kLinear), series_look(i));
  }
  if (chart.curves.empty()) draw_absence(canvas, frame);
  return canvas.finish({.title = chart.title, .description = description, .height = bottom});
}

}  // namespace relata::report
