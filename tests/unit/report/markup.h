// A small check of markup that the report layer makes: tags nest, attributes are quoted, entities
// are known.
#pragma once

#include <algorithm>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace relata::report {

inline const std::regex kTag(
    R"re(<(/?)([a-zA-Z][a-zA-Z0-9]*)((?: [a-zA-Z][a-zA-Z0-9:-]*="[^"<]*")*)(/?)>)re");
inline const std::regex kText(R"re((?:[^<&]|&(?:amp|lt|gt|quot|#39);)*)re");
inline constexpr std::string_view kDoctype = "<!doctype html>";

/// Updates `open` by a tag; a fault, or an empty text.
inline std::string step_over(std::vector<std::string>& open, const std::smatch& tag) {
  const std::string name = tag[2];
  if (!std::regex_match(tag[3].str(), kText)) return "attribute of <" + name + ">";
  if (tag[1].length() == 0) {
    if (tag[4].length() == 0 && name != "meta") open.push_back(name);
    return "";
  }
  if (open.empty() || open.back() != name) return "</" + name + "> closes nothing";
  open.pop_back();
  return "";
}

/// What is wrong first with `markup` as XML, or an empty text. HTML's void elements that relata
/// writes (meta) need no end; a leading <!doctype …> is skipped.
inline std::string markup_fault(std::string_view markup) {
  if (markup.starts_with(kDoctype)) markup.remove_prefix(kDoctype.size());
  std::vector<std::string> open;
  std::size_t at = 0;
  while (at < markup.size()) {
    const std::size_t tag_at = std::min(markup.find('<', at), markup.size());
    const std::string text(markup.substr(at, tag_at - at));
    if (text.find('&') != std::string::npos && !std::regex_match(text, kText)) return text;
    if (tag_at == markup.size()) break;
    const std::size_t end = markup.find('>', tag_at);
    if (end == std::string_view::npos) return "a tag is not closed";
    const std::string whole(markup.substr(tag_at, end + 1 - tag_at));
    std::smatch tag;
    if (!std::regex_match(whole, tag, kTag)) return whole;
    if (std::string fault = step_over(open, tag); !fault.empty()) return fault;
    at = end + 1;
  }
  return open.empty() ? "" : "<" + open.back() + "> is not closed";
}

}  // namespace relata::report
