#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "relata/base/error.h"
#include "relata/report/plot.h"
#include "relata/report/text.h"

namespace relata::report {
namespace {

constexpr std::size_t kMostWithShares = 7;   // a count and a percentage fit into a cell
constexpr std::size_t kMostWithCounts = 12;  // a count alone does
constexpr std::size_t kMostWithNames = 30;
constexpr double kLine = 14;
constexpr double kSmallColumn = 6.7;  // a column of small text, and a little space

void check(const ConfusionMatrix& matrix) {
  const std::size_t size = matrix.classes.size();
  const auto other = [size](const auto& row) { return row.size() != size; };
  if (matrix.counts.size() == size && std::ranges::none_of(matrix.counts, other)) return;
  throw Error(
      {.what = fmt::format("the counts are not {0} rows of {0} columns for {0} classes", size),
       .where = matrix.title.empty() ? "confusion matrix" : matrix.title});
}

/// Where the cells are, and how many columns of text the rows' names may take.
struct Grid {
  Box cells;
  double width = 0;   ///< of a cell
  double height = 0;  ///< of a cell
  std::size_t name_columns = 0;

  Box cell(std::size_t row, std::size_t column) const {
    return {cells.x + static_cast<double>(column) * width,
            cells.y + static_cast<double>(row) * height, width, height};
  }
};

std::size_t column_room(double width) {
  return static_cast<std::size_t>(std::max(1., width / kSmallColumn));
}

/// Room for the names above the columns.
double names_height(const ConfusionMatrix& matrix, double cell_width) {
  const std::size_t size = matrix.classes.size();
  if (size > kMostWithNames) return 0;
  const auto long_name = [cell_width](const std::string& name) {
    return display_width(name) > column_room(cell_width);
  };
  const bool two = size <= kMostWithShares && std::ranges::any_of(matrix.classes, long_name);
  return two ? 2 * kLine + 4 : kLine + 4;
}

Grid make_grid(const ConfusionMatrix& matrix, double top) {
  constexpr std::size_t kMostColumns = 18;
  const std::size_t size = matrix.classes.size();
  std::size_t longest = 4;
  for (const std::string& name : matrix.classes) longest = std::max(longest, display_width(name));
  if (size > kMostWithShares) longest += 3;  // "12 "
  Grid grid{.cells = {}, .name_columns = std::min(longest, kMostColumns)};
  const bool named = size <= kMostWithNames;
  const double left = named ? static_cast<double>(grid.name_columns) * Canvas::kColumn + 8 : 1;
  const double widest = size <= 3 ? 120 : Canvas::kWidth;
  const auto count = static_cast<double>(size);
  grid.width = std::min((Canvas::kWidth - left - 1) / count, widest);
  grid.height = size <= kMostWithShares ? std::clamp(grid.width * 0.75, 40., 62.)
                                        : std::max(grid.width, named ? 15. : 0.);
  grid.cells = {left, top + names_height(matrix, grid.width), grid.width * count,
                grid.height * count};
  return grid;
}

/// "12.3 %" of the row, or a dash for a class that never occurs.
std::string share_text(std::int64_t count, std::int64_t total) {
  if (total == 0) return "–";
  const double share = 100 * static_cast<double>(count) / static_cast<double>(total);
  return count == 0 || count == total ? fmt::format("{:.0f} %", share)
                                      : fmt::format("{:.1f} %", share);
}

void draw_cell(Canvas& canvas, const ConfusionMatrix& matrix, const Box& box,
               std::pair<std::size_t, std::size_t> at) {
  const auto [row, column] = at;
  const auto& counts = matrix.counts[row];
  const std::int64_t total = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  const std::int64_t count = counts[column];
  // The square root lets small errors show.
  const double share =
      total > 0 && count > 0 ? static_cast<double>(count) / static_cast<double>(total) : 0;
  const std::string percent = share_text(count, total);
  const std::string tip = fmt::format("{} taken for {}: {} ({})", matrix.classes[row],
                                      matrix.classes[column], with_thousands(count), percent);
  canvas.box(box, row == column ? "cell right" : "cell wrong",
             {.opacity = std::sqrt(share), .tip = tip});
  const std::size_t size = matrix.classes.size();
  const Point centre{box.x + box.width / 2, box.y + box.height / 2};
  if (size <= kMostWithShares) {
    canvas.text({centre.x, centre.y - 2}, with_thousands(count),
                {.look = "strong", .anchor = Anchor::kMiddle});
    canvas.text({centre.x, centre.y + 14}, percent, {.look = "small", .anchor = Anchor::kMiddle});
  } else if (size <= kMostWithCounts) {
    canvas.text({centre.x, centre.y + 4}, fmt::format("{}", count),
                {.look = "small", .anchor = Anchor::kMiddle});
  }
}

std::string row_name(const ConfusionMatrix& matrix, std::size_t row) {
  const std::string& name = matrix.classes[row];
  return matrix.classes.size() > kMostWithShares ? fmt::format("{} {}", row + 1, name) : name;
}

/// Above a column: its name in two lines at most, or in a narrow column the number that stands
/// before the row's name.
void draw_column_name(Canvas& canvas, const ConfusionMatrix& matrix, const Box& cell,
                      std::size_t column) {
  Point at{cell.x + cell.width / 2, cell.y - 6};
  if (matrix.classes.size() > kMostWithShares) {
    canvas.text(at, fmt::format("{}", column + 1), {.look = "small", .anchor = Anchor::kMiddle});
    return;
  }
  const auto lines = wrap(matrix.classes[column], column_room(cell.width), 2);
  at.y -= static_cast<double>(lines.size() - 1) * kLine;
  for (const std::string& line : lines) {
    canvas.text(at, line, {.look = "small", .anchor = Anchor::kMiddle});
    at.y += kLine;
  }
}

void draw_names(Canvas& canvas, const ConfusionMatrix& matrix, const Grid& grid) {
  for (std::size_t i = 0; i < matrix.classes.size(); ++i) {
    const Box row = grid.cell(i, 0);
    canvas.text({row.x - 6, row.y + row.height / 2 + 4},
                shorten(row_name(matrix, i), grid.name_columns), {.anchor = Anchor::kEnd});
    draw_column_name(canvas, matrix, grid.cell(0, i), i);
  }
}

std::string describe(const ConfusionMatrix& matrix) {
  std::int64_t hits = 0;
  std::int64_t total = 0;
  for (std::size_t i = 0; i < matrix.counts.size(); ++i) {
    hits += matrix.counts[i][i];
    total += std::accumulate(matrix.counts[i].begin(), matrix.counts[i].end(), std::int64_t{0});
  }
  return fmt::format("Rows are true classes, columns predictions. {} classes; {} of {} correct.",
                     matrix.classes.size(), with_thousands(hits), with_thousands(total));
}

}  // namespace

Drawing confusion_matrix(const ConfusionMatrix& matrix) {
  check(matrix);
  Canvas canvas;
  const std::size_t size = matrix.classes.size();
  const bool drawn = size > 0 && size <= ConfusionMatrix::kMostClasses;
  Heading heading{.title = matrix.title, .note = "no classes"};
  if (size > 0) heading.note = fmt::format("{} classes: too many to draw", size);
  if (drawn) {
    heading.legend = {{"correct", "right", Swatch::kBox}, {"error", "wrong", Swatch::kBox}};
    heading.note = "Rows: truth. Columns: prediction. Shade: share of the row.";
  }
  double bottom = draw_heading(canvas, heading);
  if (drawn) {
    const Grid grid = make_grid(matrix, bottom);
    if (size <= kMostWithNames) draw_names(canvas, matrix, grid);
    for (std::size_t row = 0; row < size; ++row) {
      for (std::size_t column = 0; column < size; ++column) {
        draw_cell(canvas, matrix, grid.cell(row, column), {row, column});
      }
    }
    bottom = grid.cells.bottom() + 4;
  }
  return canvas.finish({.title = matrix.title, .description = describe(matrix), .height = bottom});
}

}  // namespace relata::report
