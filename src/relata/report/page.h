// A report page: one HTML file that needs no network, no script and no other file, for screen,
// phone and paper.
#pragma once

#include <deque>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relata/report/card.h"
#include "relata/report/svg.h"
#include "relata/report/table.h"

namespace relata::report {

/// Name and value, e.g. a setting.
using Fact = std::pair<std::string, std::string>;

/// What stands in a section, in the order in which it was added. Every text is escaped.
class Content {
 public:
  /// Lines and spaces stay as they are, e.g. a configuration.
  Content& preformatted(std::string_view text);
  Content& facts(const std::vector<Fact>& facts);
  Content& table(const Table& table);
  Content& cards(const std::vector<Card>& cards);
  /// Figures that follow each other stand side by side where there is room.
  Content& figure(const Drawing& drawing, std::string_view caption = "");

  std::string html() const;

 private:
  void add(std::string html);

  std::string html_;
  bool in_figures_ = false;
};

class Page {
 public:
  explicit Page(std::string title, std::string subtitle = "");

  /// Stays valid as further sections are added. With three or more the page begins with links to
  /// them.
  Content& section(std::string heading);

  std::string html() const;

  /// Replaces `path` at once. Throws Error (Kind::kMachine) if it cannot be written.
  void write(const std::filesystem::path& path) const;

 private:
  struct Section {
    std::string heading;
    Content content;
  };
  std::string title_;
  std::string subtitle_;
  std::deque<Section> sections_;
};

}  // namespace relata::report
