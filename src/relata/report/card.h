// An answer as a card: a picture, a heading, a few lines, and details that unfold.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace relata::report {

struct Card {
  std::string heading;
  std::string note = {};  ///< below the heading, small
  std::string jpeg = {};  ///< the bytes of a picture; empty: none
  int64_t width = 0;      ///< of the picture, in pixels
  int64_t height = 0;
  std::string alternative = {};  ///< what the picture shows, for who cannot see it
  std::string text = {};  ///< beyond about 280 characters it is cut, and whole in the details
  std::vector<std::pair<std::string, std::string>> details = {};
};

/// An ordered list without a script: it reflows to one column on a phone, and its details unfold by
/// keyboard. Every text is escaped; pictures are part of the page.
std::string to_html(std::span<const Card> cards);

/// RFC 4648, with padding.
std::string base64(std::string_view bytes);

}  // namespace relata::report
