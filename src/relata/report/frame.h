// What charts have in common: a heading with a legend, axes with a grid, marked values.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "relata/report/axis.h"
#include "relata/report/svg.h"

namespace relata::report {

/// A value on the x axis that is pointed out, e.g. the selected epoch or a paper's figure.
struct Marker {
  double x = 0;
  std::string label;
};

enum class Swatch { kLine, kBox };

struct LegendEntry {
  std::string name;
  std::string look;
  Swatch swatch = Swatch::kLine;
};

struct Heading {
  std::string title;
  std::vector<LegendEntry> legend = {};  ///< not drawn for a single entry without a name
  std::string note = {};                 ///< a line below, e.g. what the y axis shows
};

/// A box of the canvas with an axis along two of its sides.
struct Frame {
  Box plot;
  Axis x;
  Axis y;

  Point place(double x_value, double y_value) const;
};

/// Title, legend and note from the top of the canvas; gives the y where they end.
double draw_heading(Canvas& canvas, const Heading& heading);

/// The room that tick labels need to the left of a plot.
double label_room(const Axis& axis);

/// Grid, ticks, and below them `x_title`; gives the y where they end.
double draw_axes(Canvas& canvas, const Frame& frame, const std::string& x_title);

/// Dashed lines over the height of the plot; labels one below the other, so that neighbours do not
/// overlap. Markers outside the x axis are left out.
void draw_markers(Canvas& canvas, const Frame& frame, const std::vector<Marker>& markers);

/// "no values", where a plot has none.
void draw_absence(Canvas& canvas, const Frame& frame);

}  // namespace relata::report
