#include "relata/search/report_json.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

namespace relata::search {

using nlohmann::json;

json to_json(const index::Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* integer = std::get_if<int64_t>(&value)) return *integer;
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) return *texts;
  return nullptr;
}

json to_json(const Answer& answer) {
  json metadata = json::object();
  for (const auto& [name, value] : answer.metadata) metadata[name] = to_json(value);
  json out{{"id", answer.id}, {"score", answer.score}, {"metadata", metadata}};
  if (answer.first_score) out["first_score"] = *answer.first_score;
  if (!answer.text.empty()) out["text"] = answer.text;
  if (!answer.picture.empty()) out["picture"] = answer.picture;
  return out;
}

json to_json(const index::Index& index) {
  json columns = json::array();
  for (const index::Column& column : index.schema().columns)
    columns.push_back({{"name", column.name}, {"kind", index::kind_name(column.kind)}});
  return {{"items", index.size()},
          {"width", index.schema().width},
          {"bf16", index.schema().bf16},
          {"columns", columns},
          {"facts", index.schema().facts}};
}

std::string to_text(const index::Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* integer = std::get_if<int64_t>(&value)) return fmt::format("{}", *integer);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value))
    return fmt::format("{}", fmt::join(*texts, ", "));
  return "";
}

}  // namespace relata::search
