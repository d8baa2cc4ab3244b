#include "relata/report/page.h"

#include <fmt/format.h>

#include "relata/base/file.h"
#include "relata/report/text.h"
#include "relata/report/theme.h"

namespace relata::report {
namespace {

constexpr std::string_view kStyle = R"css(
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:72rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',Arial,sans-serif;overflow-wrap:break-word}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .25rem}
h2{font-size:1.25rem;margin:2.5rem 0 .75rem;padding-top:.75rem;border-top:1px solid var(--rule)}
p{max-width:46rem;margin:.6rem 0}
a{color:var(--link)}
.subtitle,.note,figcaption,dt{color:var(--muted)}
.note,figcaption{font-size:.875rem;margin:.35rem 0}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;padding:0;margin:1rem 0 0}
figure{margin:1rem 0}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1.75rem 2.5rem;margin:1rem 0}
.figures figure{margin:0;min-width:0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9375rem}
caption{text-align:left;font-weight:600;padding-bottom:.4rem}
th,td{padding:.3rem 1.25rem .3rem 0;text-align:left;white-space:nowrap;border-bottom:1px solid var(--rule)}
th:last-child,td:last-child{padding-right:0}
tbody th{font-weight:inherit}
thead th{color:var(--muted);font-weight:600;border-bottom-color:var(--muted)}
.right{text-align:right}
.center{text-align:center}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,15rem),1fr));gap:1.5rem;list-style:none;padding:0;margin:1rem 0}
.cards li{min-width:0;padding:.75rem;border:1px solid var(--rule);border-radius:6px}
.cards img{display:block;max-width:100%;height:auto;max-height:16rem;margin:0 auto .5rem;background:#fff}
.cards h3{font-size:1rem;line-height:1.3;margin:0;overflow-wrap:anywhere}
.cards p{font-size:.9375rem;margin:.35rem 0}
summary{cursor:pointer;padding:.4rem 0;font-size:.875rem;color:var(--link);overflow-wrap:anywhere}
summary:focus-visible,a:focus-visible,pre:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.cards dl{grid-template-columns:1fr;font-size:.875rem;gap:0}
.cards dd{margin:0 0 .4rem;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:fit-content(40%) minmax(0,1fr);gap:.2rem 1.25rem;margin:.75rem 0}
dd{margin:0;font-variant-numeric:tabular-nums}
pre{overflow-x:auto;padding:.75rem;border:1px solid var(--rule);border-radius:4px;
font:.8125rem/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace}
@media print{body{max-width:none;padding:0;font-size:11pt}nav{display:none}
.figures{grid-template-columns:1fr 1fr;gap:1rem 1.5rem}figure,tr{break-inside:avoid}h2{break-after:avoid}.scroll,pre{overflow:visible}th,td{white-space:normal}
pre{white-space:pre-wrap}}
)css";

std::string style() {
  return fmt::format(
      "<style>:root{{color-scheme:light dark;{}}}@media screen and (prefers-color-scheme:dark)"
      "{{:root{{{}}}}}{}</style>\n",
      kLightColours, kDarkColours, kStyle);
}

}  // namespace

void Content::add(std::string html) {
  if (in_figures_) html_ += "</div>\n";
  in_figures_ = false;
  html_ += html;
}

Content& Content::preformatted(std::string_view text) {
  add("<pre tabindex=\"0\">" + escape(text) + "</pre>\n");
  return *this;
}

Content& Content::facts(const std::vector<Fact>& facts) {
  std::string list = "<dl>\n";
  for (const auto& [name, value] : facts) {
    list += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escape(name), escape(value));
  }
  add(list + "</dl>\n");
  return *this;
}

Content& Content::table(const Table& table) {
  add(to_html(table));
  return *this;
}

Content& Content::cards(const std::vector<Card>& cards) {
  add(to_html(cards));
  return *this;
}

Content& Content::figure(const Drawing& drawing, std::string_view caption) {
  if (!in_figures_) html_ += "<div class=\"figures\">\n";
  in_figures_ = true;
  html_ += "<figure>" + drawing.svg();
  if (!caption.empty()) html_ += "<figcaption>" + escape(caption) + "</figcaption>";
  html_ += "</figure>\n";
  return *this;
}

std::string Content::html() const { return in_figures_ ? html_ + "</div>\n" : html_; }

Page::Page(std::string title, std::string subtitle)
    : title_(std::move(title)), subtitle_(std::move(subtitle)) {}

Content& Page::section(std::string heading) {
  return sections_.emplace_back(Section{.heading = std::move(heading), .content = {}}).content;
}

std::string Page::html() const {
  std::string links;
  std::string body;
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    const std::string heading = escape(sections_[i].heading);
    links += fmt::format("<li><a href=\"#part-{}\">{}</a></li>\n", i + 1, heading);
    body += fmt::format("<section id=\"part-{}\">\n<h2>{}</h2>\n{}</section>\n", i + 1, heading,
                        sections_[i].content.html());
  }
  std::string head = "<h1>" + escape(title_) + "</h1>\n";
  if (!subtitle_.empty()) head += "<p class=\"subtitle\">" + escape(subtitle_) + "</p>\n";
  if (sections_.size() >= 3)
    head += "<nav aria-label=\"Sections\"><ul>\n" + links + "</ul></nav>\n";
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"generator\" content=\"relata\">\n"
      "<title>{}</title>\n{}</head>\n<body>\n<header>\n{}</header>\n<main>\n{}</main>\n</body>\n"
      "</html>\n",
      escape(title_), style(), head, body);
}

void Page::write(const std::filesystem::path& path) const { write_file(path, html()); }

}  // namespace relata::report
