#include "relata/report/card.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "relata/report/text.h"

namespace relata::report {
namespace {

constexpr size_t kTextColumns = 280;

std::string picture(const Card& card) {
  if (card.jpeg.empty()) return "";
  return fmt::format(
      "<img src=\"data:image/jpeg;base64,{}\" alt=\"{}\" width=\"{}\" height=\"{}\">\n",
      base64(card.jpeg), escape(one_line(card.alternative)), card.width, card.height);
}

std::string details(const Card& card, bool with_text) {
  if (card.details.empty() && !with_text) return "";
  std::string list;
  if (with_text) list += fmt::format("<p>{}</p>\n", escape(card.text));
  if (!card.details.empty()) {
    list += "<dl>\n";
    for (const auto& [name, value] : card.details)
      list += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escape(name), escape(value));
    list += "</dl>\n";
  }
  return fmt::format("<details>\n<summary>Details of {}</summary>\n{}</details>\n",
                     escape(card.heading), list);
}

}  // namespace

std::string to_html(std::span<const Card> cards) {
  std::string html = "<ol class=\"cards\">\n";
  for (const Card& card : cards) {
    const std::string text = shorten(card.text, kTextColumns);
    const bool cut = text != one_line(card.text);
    html += fmt::format("<li>\n{}<h3>{}</h3>\n", picture(card), escape(card.heading));
    if (!card.note.empty()) html += fmt::format("<p class=\"note\">{}</p>\n", escape(card.note));
    if (!text.empty()) html += fmt::format("<p>{}</p>\n", escape(text));
    html += details(card, cut) + "</li>\n";
  }
  return html + "</ol>\n";
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t there = std::min<size_t>(3, bytes.size() - i);
    uint32_t three = 0;
    for (size_t j = 0; j < 3; ++j)
      three = three << 8U | (j < there ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (size_t j = 0; j < 4; ++j)
      text += j <= there ? kDigits[three >> (18U - 6U * j) & 63U] : '=';
  }
  return text;
}

}  // namespace relata::report
