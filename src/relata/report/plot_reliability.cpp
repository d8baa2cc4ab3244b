#include <fmt/format.h>

#include <algorithm>

#include "relata/report/plot.h"
#include "relata/report/text.h"

namespace relata::report {
namespace {

constexpr double kSide = 300;
constexpr double kStrip = 56;  // height of the counts
constexpr double kLeft = (Canvas::kWidth - kSide) / 2;

bool shown(const ReliabilityBin& bin) {
  return bin.count > 0 && drawable(bin.confidence) && drawable(bin.accuracy) && bin.high > bin.low;
}

/// A box between two points of the frame, whichever is the higher.
Box between(const Frame& frame, Point a, Point b) {
  const Point from = frame.place(std::min(a.x, b.x), std::max(a.y, b.y));
  const Point to = frame.place(std::max(a.x, b.x), std::min(a.y, b.y));
  return {from.x + 0.5, from.y, std::max(0., to.x - from.x - 1), to.y - from.y};
}

void draw_bin(Canvas& canvas, const Frame& frame, const ReliabilityBin& bin) {
  const std::string tip =
      fmt::format("confidence {:.2f}–{:.2f}: accuracy {:.3f}, mean confidence {:.3f}, {} items",
                  bin.low, bin.high, bin.accuracy, bin.confidence, with_thousands(bin.count));
  canvas.box(between(frame, {bin.low, 0}, {bin.high, bin.accuracy}), "fill soft s0", {.tip = tip});
  canvas.box(between(frame, {bin.low, bin.accuracy}, {bin.high, bin.confidence}), "fill faint s1",
             {.tip = tip});
}

void draw_counts(Canvas& canvas, const Frame& strip, const std::vector<ReliabilityBin>& bins) {
  for (const ReliabilityBin& bin : bins) {
    if (!shown(bin)) continue;
    canvas.box(between(strip, {bin.low, 0}, {bin.high, static_cast<double>(bin.count)}),
               "fill soft quiet", {.tip = with_thousands(bin.count) + " items"});
  }
}

Frame strip_frame(double top, const std::vector<ReliabilityBin>& bins, const Axis& x) {
  std::int64_t most = 1;
  for (const ReliabilityBin& bin : bins) most = std::max(most, bin.count);
  return {.plot = {kLeft, top, kSide, kStrip},
          .x = x,
          .y = linear_axis({0, static_cast<double>(most)},
                           {.ticks = 2, .whole = true, .to_ticks = true})};
}

std::string summary(const ReliabilityDiagram& diagram) {
  std::int64_t total = 0;
  for (const ReliabilityBin& bin : diagram.bins) total += bin.count;
  std::string text = with_thousands(total) + " items";
  if (drawable(diagram.calibration_error)) {
    text += fmt::format(", expected calibration error {:.3f}", diagram.calibration_error);
  }
  return text;
}

}  // namespace

Drawing reliability_diagram(const ReliabilityDiagram& diagram) {
  Canvas canvas;
  const double top =
      draw_heading(canvas, {.title = diagram.title,
                            .legend = {{"accuracy", "fill soft s0", Swatch::kBox},
                                       {"gap to confidence", "fill faint s1", Swatch::kBox},
                                       {"items", "fill soft quiet", Swatch::kBox}},
                            .note = summary(diagram)});
  const Axis axis = linear_axis({0, 1}, {.ticks = 5});
  const Frame frame{.plot = {kLeft, top, kSide, kSide}, .x = axis, .y = axis};
  const Frame strip = strip_frame(top + kSide + 30, diagram.bins, axis);
  draw_axes(canvas, frame, "");
  const double bottom = draw_axes(canvas, strip, "Confidence");
  for (const ReliabilityBin& bin : diagram.bins) {
    if (shown(bin)) draw_bin(canvas, frame, bin);
  }
  canvas.line(frame.place(0, 0), frame.place(1, 1), "guide");
  draw_counts(canvas, strip, diagram.bins);
  if (std::ranges::none_of(diagram.bins, shown)) draw_absence(canvas, frame);
  return canvas.finish({.title = diagram.title,
                        .description = "Accuracy against confidence: " + summary(diagram) + ".",
                        .height = bottom});
}

}  // namespace relata::report
