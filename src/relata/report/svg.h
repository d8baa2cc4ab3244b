// A canvas for charts: shapes and texts in, one accessible inline SVG out, with its own style for
// light and dark.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace relata::report {

/// Units of the drawing; x to the right, y downward.
struct Point {
  double x = 0;
  double y = 0;
};

struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;

  double right() const { return x + width; }
  double bottom() const { return y + height; }
};

/// A finished <svg> element: well-formed XML, every text escaped. Only a Canvas makes one, so that
/// a page that shows drawings as they are cannot be handed a stranger's markup.
class Drawing {
 public:
  const std::string& svg() const { return svg_; }

 private:
  friend class Canvas;
  explicit Drawing(std::string svg) : svg_(std::move(svg)) {}
  std::string svg_;
};

enum class Anchor { kStart, kMiddle, kEnd };

/// `look` names classes of the canvas's style (svg.cpp), such as "line s0"; it is not escaped, so
/// never a user's text.
class Canvas {
 public:
  static constexpr double kWidth = 440;   ///< narrow, so that texts stay legible on a phone
  static constexpr double kColumn = 7.4;  ///< room for one column of text at the usual size
  static constexpr double kRow = 19;      ///< from one line of text to the next

  struct About {
    std::string_view title;
    std::string_view description;  ///< what a reader who cannot see the drawing should know
    double height = 0;
  };
  struct TextStyle {
    std::string_view look = {};
    Anchor anchor = Anchor::kStart;
  };
  struct Fill {
    double opacity = 1;
    std::string tip = {};  ///< shown when the pointer rests on the shape
  };

  void line(Point from, Point to, std::string_view look);
  void path(std::span<const Point> points, std::string_view look);
  void box(const Box& box, std::string_view look, const Fill& fill);
  void dot(Point centre, double radius, std::string_view look);
  /// `at` is on the baseline.
  void text(Point at, std::string_view text, const TextStyle& style);

  Drawing finish(const About& about) const;

 private:
  std::string body_;
};

/// The look of the n-th series: eight colours, then again with another dash.
std::string series_look(std::size_t series);

}  // namespace relata::report
