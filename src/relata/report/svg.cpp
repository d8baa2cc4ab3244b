#include "relata/report/svg.h"

#include <fmt/format.h>

#include "relata/report/text.h"
#include "relata/report/theme.h"

namespace relata::report {
namespace {

constexpr std::string_view kStyle =
    ".relata-plot{display:block;width:100%;max-width:30rem;height:auto;"
    "font:13px system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',Arial,sans-serif}"
    ".relata-plot text{fill:var(--ink);font-variant-numeric:tabular-nums}"
    ".relata-plot .title{font-size:15px;font-weight:600}"
    ".relata-plot .small{font-size:11px}"
    ".relata-plot .strong{font-weight:600}"
    ".relata-plot text.muted{fill:var(--muted)}"
    ".relata-plot .halo{paint-order:stroke;stroke:var(--paper);stroke-width:4px;"
    "stroke-linejoin:round}"
    ".relata-plot .grid{stroke:var(--rule)}"
    ".relata-plot .axis{stroke:var(--muted)}"
    ".relata-plot .guide{stroke:var(--muted);stroke-dasharray:4 4}"
    ".relata-plot .line{fill:none;stroke:var(--c);stroke-width:1.8;stroke-linejoin:round;"
    "stroke-linecap:round}"
    ".relata-plot .thick{stroke-width:3}"
    ".relata-plot .dash{stroke-dasharray:7 4}"
    ".relata-plot .dots{stroke-dasharray:1.5 4}"
    ".relata-plot .fill{fill:var(--c)}"
    ".relata-plot .open{fill:none;stroke:var(--c);stroke-width:1.2}"
    ".relata-plot .soft{opacity:.75}"
    ".relata-plot .faint{opacity:.45}"
    ".relata-plot .right{fill:var(--right)}"
    ".relata-plot .wrong{fill:var(--wrong)}"
    ".relata-plot .cell{stroke:var(--rule)}"
    ".relata-plot .s0{--c:var(--c0)}.relata-plot .s1{--c:var(--c1)}"
    ".relata-plot .s2{--c:var(--c2)}.relata-plot .s3{--c:var(--c3)}"
    ".relata-plot .s4{--c:var(--c4)}.relata-plot .s5{--c:var(--c5)}"
    ".relata-plot .s6{--c:var(--c6)}.relata-plot .s7{--c:var(--c7)}"
    ".relata-plot .quiet{--c:var(--muted)}";

std::string style() {
  return fmt::format(
      "<style>.relata-plot{{{}}}@media screen and (prefers-color-scheme:dark)"
      "{{.relata-plot{{{}}}}}{}</style>",
      kLightColours, kDarkColours, kStyle);
}

std::string_view anchor_name(Anchor anchor) {
  if (anchor == Anchor::kStart) return "start";
  return anchor == Anchor::kMiddle ? "middle" : "end";
}

/// A tenth of a unit is finer than a pixel; short numbers keep long curves small.
std::string number(double value) {
  std::string text = fmt::format("{:.1f}", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

std::string tip_of(std::string_view tip) {
  return tip.empty() ? "" : "<title>" + escape(tip) + "</title>";
}

}  // namespace

void Canvas::line(Point from, Point to, std::string_view look) {
  body_ += fmt::format("<line class=\"{}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>\n", look,
                       number(from.x), number(from.y), number(to.x), number(to.y));
}

void Canvas::path(std::span<const Point> points, std::string_view look) {
  std::string steps;
  for (const Point& point : points) {
    steps += steps.empty() ? "M" : "L";
    steps += number(point.x) + " " + number(point.y);
  }
  body_ += fmt::format("<path class=\"{}\" d=\"{}\"/>\n", look, steps);
}

void Canvas::box(const Box& box, std::string_view look, const Fill& fill) {
  const std::string opacity =
      fill.opacity < 1 ? fmt::format(" fill-opacity=\"{:.3g}\"", fill.opacity) : "";
  body_ +=
      fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"{}>{}</rect>\n",
                  look, number(box.x), number(box.y), number(box.width), number(box.height),
                  opacity, tip_of(fill.tip));
}

void Canvas::dot(Point centre, double radius, std::string_view look) {
  body_ += fmt::format("<circle class=\"{}\" cx=\"{}\" cy=\"{}\" r=\"{}\"/>\n", look,
                       number(centre.x), number(centre.y), number(radius));
}

void Canvas::text(Point at, std::string_view text, const TextStyle& style) {
  body_ +=
      fmt::format("<text class=\"{}\" x=\"{}\" y=\"{}\" text-anchor=\"{}\">{}</text>\n", style.look,
                  number(at.x), number(at.y), anchor_name(style.anchor), escape(text));
}

Drawing Canvas::finish(const About& about) const {
  return Drawing(fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"relata-plot\" role=\"img\" "
      "aria-label=\"{0}\" viewBox=\"0 0 {1} {2}\">\n<title>{0}</title><desc>{3}</desc>{4}\n{5}"
      "</svg>\n",
      escape(about.title), number(kWidth), number(about.height), escape(about.description), style(),
      body_));
}

std::string series_look(std::size_t series) {
  const std::size_t round = series / 8;
  const std::string_view dash = round == 0 ? "" : (round % 2 == 1 ? " dash" : " dots");
  return fmt::format("s{}{}", series % 8, dash);
}

}  // namespace relata::report
