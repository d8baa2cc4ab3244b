#include "relata/report/frame.h"

#include <fmt/format.h>

#include <algorithm>

#include "relata/report/text.h"

namespace relata::report {
namespace {

constexpr double kSwatch = 18;
constexpr double kGap = 14;
constexpr auto kLineColumns = static_cast<std::size_t>(Canvas::kWidth / Canvas::kColumn);
constexpr std::size_t kTitleColumns = 46;
constexpr std::size_t kEntryColumns = 44;
constexpr std::size_t kMostEntries = 16;

double text_width(const std::string& text) {
  return static_cast<double>(display_width(text)) * Canvas::kColumn;
}

/// Where the middle of a text goes that should be at `x` and must not leave the canvas.
double clear_of_edges(double x, const std::string& text) {
  const double half = std::min(text_width(text), Canvas::kWidth) / 2;
  return std::clamp(x, half, Canvas::kWidth - half);
}

void draw_swatch(Canvas& canvas, Point at, const LegendEntry& entry) {
  if (entry.swatch == Swatch::kBox) {
    canvas.box({at.x, at.y - 9, kSwatch, 10}, entry.look, {});
  } else {
    canvas.line({at.x, at.y - 4}, {at.x + kSwatch, at.y - 4}, "line thick " + entry.look);
  }
}

/// Entries in rows as wide as the canvas; gives the last baseline.
double draw_legend(Canvas& canvas, const std::vector<LegendEntry>& legend, double baseline) {
  Point at{0, baseline};
  for (std::size_t i = 0; i < std::min(legend.size(), kMostEntries); ++i) {
    const std::string name = shorten(legend[i].name, kEntryColumns);
    const double width = kSwatch + 6 + text_width(name);
    if (at.x > 0 && at.x + width > Canvas::kWidth) at = {0, at.y + Canvas::kRow};
    draw_swatch(canvas, at, legend[i]);
    canvas.text({at.x + kSwatch + 6, at.y}, name, {});
    at.x += width + kGap;
  }
  if (legend.size() > kMostEntries) {
    at.y += Canvas::kRow;
    canvas.text({0, at.y}, fmt::format("and {} more", legend.size() - kMostEntries),
                {.look = "muted"});
  }
  return at.y;
}

bool worth_a_legend(const std::vector<LegendEntry>& legend) {
  return legend.size() > 1 || (legend.size() == 1 && !legend[0].name.empty());
}

}  // namespace

Point Frame::place(double x_value, double y_value) const {
  return {plot.x + x.fraction(x_value) * plot.width,
          plot.bottom() - y.fraction(y_value) * plot.height};
}

double draw_heading(Canvas& canvas, const Heading& heading) {
  double baseline = 0;
  if (!heading.title.empty()) {
    for (const std::string& line : wrap(heading.title, kTitleColumns, 2)) {
      baseline += Canvas::kRow;
      canvas.text({0, baseline - 3}, line, {.look = "title"});
    }
    baseline += 2;
  }
  if (worth_a_legend(heading.legend)) {
    baseline = draw_legend(canvas, heading.legend, baseline + Canvas::kRow) + 3;
  }
  if (!heading.note.empty()) {
    baseline += Canvas::kRow;
    canvas.text({0, baseline}, shorten(heading.note, kLineColumns), {.look = "muted"});
  }
  return baseline + 12;
}

double label_room(const Axis& axis) {
  double room = 0;
  for (const Tick& tick : axis.ticks) room = std::max(room, text_width(tick.label));
  return room + 8;
}

double draw_axes(Canvas& canvas, const Frame& frame, const std::string& x_title) {
  const Box& plot = frame.plot;
  for (const Tick& tick : frame.y.ticks) {
    const double y = frame.place(frame.x.range.low, tick.value).y;
    canvas.line({plot.x, y}, {plot.right(), y}, "grid");
    canvas.text({plot.x - 6, y + 4.5}, tick.label, {.look = "muted", .anchor = Anchor::kEnd});
  }
  canvas.line({plot.x, plot.bottom()}, {plot.right(), plot.bottom()}, "axis");
  double end = plot.bottom() + Canvas::kRow - 1;
  for (const Tick& tick : frame.x.ticks) {
    const double x = frame.place(tick.value, frame.y.range.low).x;
    canvas.line({x, plot.bottom()}, {x, plot.bottom() + 4}, "axis");
    canvas.text({clear_of_edges(x, tick.label), end}, tick.label,
                {.look = "muted", .anchor = Anchor::kMiddle});
  }
  if (!x_title.empty()) {
    end += Canvas::kRow;
    const std::string title = shorten(x_title, kLineColumns);
    canvas.text({clear_of_edges(plot.x + plot.width / 2, title), end}, title,
                {.look = "muted", .anchor = Anchor::kMiddle});
  }
  return end + 6;
}

void draw_markers(Canvas& canvas, const Frame& frame, const std::vector<Marker>& markers) {
  double baseline = frame.plot.y + 13;
  for (const Marker& marker : markers) {
    const double fraction = drawable(marker.x) ? frame.x.fraction(marker.x) : -1;
    if (fraction < 0 || fraction > 1) continue;
    const double x = frame.plot.x + fraction * frame.plot.width;
    canvas.line({x, frame.plot.y}, {x, frame.plot.bottom()}, "guide");
    const bool left = fraction > 0.5;
    canvas.text({left ? x - 6 : x + 6, baseline}, shorten(marker.label, 28),
                {.look = "halo", .anchor = left ? Anchor::kEnd : Anchor::kStart});
    baseline += Canvas::kRow - 2;
  }
}

void draw_absence(Canvas& canvas, const Frame& frame) {
  const Box& plot = frame.plot;
  canvas.text({plot.x + plot.width / 2, plot.y + plot.height / 2}, "no values",
              {.look = "muted halo", .anchor = Anchor::kMiddle});
}

}  // namespace relata::report
