#include "relata/io/jsonl.h"

#include <nlohmann/json.hpp>

#include "relata/base/error.h"
#include "relata/io/json.h"
#include "relata/io/utf8.h"

namespace relata::io {

std::string_view JsonlScanner::take_line() {
  const std::size_t end = rest_.find('\n');
  const std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  ++line_;
  return line;
}

std::optional<nlohmann::json> JsonlScanner::next() {
  while (!rest_.empty()) {
    const std::string_view line = take_line();
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    nlohmann::json record = parse_json_strict(line, name_, line_);
    if (!record.is_object()) {
      throw Error({.what = "the line is " + excerpt(line) + ", expected a JSON object",
                   .where = where(),
                   .remedy = "write each record as {\"field\": value, …} on one line"});
    }
    return record;
  }
  return std::nullopt;
}

JsonlReader::JsonlReader(const std::filesystem::path& path)
    : file_(path), scanner_(file_.text(), path.string()) {}

std::optional<nlohmann::json> JsonlReader::next() { return scanner_.next(); }

}  // namespace relata::io
