#include <fmt/format.h>

#include <algorithm>

#include "relata/report/plot.h"
#include "relata/report/text.h"

namespace relata::report {
namespace {

constexpr double kRowHeight = 48;
constexpr double kMargin = 8;

struct RowText {
  Point at;  ///< of the name
  std::string numbers;
};

bool has_interval(const Interval& row) { return drawable(row.low) && drawable(row.high); }

std::string values(const Interval& row, int decimals) {
  if (!drawable(row.estimate)) return "–";
  std::string text = fmt::format("{:.{}f}", row.estimate, decimals);
  if (has_interval(row)) {
    text += fmt::format(" [{:.{}f}, {:.{}f}]", row.low, decimals, row.high, decimals);
  }
  return text;
}

double numbers_width(const IntervalChart& chart) {
  std::size_t columns = 0;
  for (const Interval& row : chart.rows) {
    columns = std::max(columns, display_width(values(row, chart.decimals)));
  }
  return std::min(static_cast<double>(columns) * Canvas::kColumn + 14, Canvas::kWidth / 2);
}

std::vector<double> all_values(const IntervalChart& chart) {
  std::vector<double> result;
  for (const Interval& row : chart.rows) {
    result.insert(result.end(), {row.estimate, row.low, row.high});
    result.insert(result.end(), row.seeds.begin(), row.seeds.end());
  }
  for (const Marker& marker : chart.markers) result.push_back(marker.x);
  return result;
}

/// The name, below it the interval, below that the seeds; the numbers in a column of their own.
void draw_row(Canvas& canvas, const Frame& frame, const Interval& row, const RowText& text) {
  const bool strong = row.emphasis == Emphasis::kStrong;
  const std::string_view weight = strong ? "halo strong" : "halo";
  const std::string colour = strong ? "s0" : "quiet";
  canvas.text(text.at, shorten(row.name, 56), {.look = weight});
  const double y = text.at.y + 14;
  canvas.text({Canvas::kWidth, y + 4.5}, text.numbers, {.look = weight, .anchor = Anchor::kEnd});
  const auto x = [&frame](double value) { return frame.place(value, 0).x; };
  if (has_interval(row)) canvas.line({x(row.low), y}, {x(row.high), y}, "line thick " + colour);
  if (drawable(row.estimate)) canvas.dot({x(row.estimate), y}, 5.5, "fill " + colour);
  for (const double seed : row.seeds) {
    if (drawable(seed)) canvas.dot({x(seed), y + 10}, 2.6, "open " + colour);
  }
}

std::string describe(const IntervalChart& chart) {
  std::string text = chart.x_title + ".";
  for (const Interval& row : chart.rows) {
    text += fmt::format(" {}: {}.", row.name, values(row, chart.decimals));
  }
  return text;
}

}  // namespace

Drawing interval_chart(const IntervalChart& chart) {
  Canvas canvas;
  const double top = draw_heading(canvas, {.title = chart.title});
  const auto range = range_of(all_values(chart));
  const double right = numbers_width(chart);
  // A marker's label stands above the first row.
  const double labels = static_cast<double>(chart.markers.size()) * (Canvas::kRow - 2);
  const double rows = std::max(1., static_cast<double>(chart.rows.size()));
  const Frame frame{
      .plot = {kMargin, top, Canvas::kWidth - kMargin - right, labels + rows * kRowHeight + 4},
      .x = linear_axis(range.value_or(Range{}), {.ticks = 5, .to_ticks = true}),
      .y = Axis{}};
  const double bottom = draw_axes(canvas, frame, chart.x_title);
  draw_markers(canvas, frame, chart.markers);
  Point text_at{0, top + labels + 18};
  for (const Interval& row : chart.rows) {
    draw_row(canvas, frame, row, {text_at, values(row, chart.decimals)});
    text_at.y += kRowHeight;
  }
  if (!range) draw_absence(canvas, frame);
  return canvas.finish({.title = chart.title, .description = describe(chart), .height = bottom});
}

}  // namespace relata::report
