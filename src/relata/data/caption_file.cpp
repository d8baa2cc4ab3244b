#include "relata/data/caption_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "relata/base/closest_name.h"
#include "relata/base/error.h"
#include "relata/data/picture_dataset.h"
#include "relata/io/csv.h"
#include "relata/io/jsonl.h"

namespace relata::data {
namespace {

using nlohmann::json;

bool is_json_lines(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  return name.ends_with(".jsonl") || name.ends_with(".jsonl.gz");
}

Error no_key(const std::string& key, const std::vector<std::string>& keys,
             const std::filesystem::path& file) {
  return Error({.what = key.empty()
                            ? fmt::format("has no 'text', 'caption' or 'captions', but: {}",
                                          fmt::join(keys, ", "))
                            : fmt::format("has no '{}', but: {}", key, fmt::join(keys, ", ")),
                .where = file.string(),
                .remedy = key.empty()    ? "name the key with --caption-key"
                          : keys.empty() ? ""
                                         : "did you mean '" + closest_name(key, keys) + "'?"});
}

/// Fills in the caption key, and refuses keys that the file does not have.
CaptionKeys settled(CaptionKeys keys, const std::vector<std::string>& present,
                    const std::filesystem::path& file) {
  if (keys.caption.empty()) keys.caption = usual_caption_key(present);
  if (keys.caption.empty()) throw no_key("", present, file);
  for (const std::string& key : {keys.image, keys.caption, keys.id, keys.label, keys.group}) {
    if (!key.empty() && std::ranges::find(present, key) == present.end())
      throw no_key(key, present, file);
  }
  return keys;
}

std::vector<CaptionRow> read_table(const std::filesystem::path& file, const CaptionKeys& wanted) {
  const io::CsvTable table = io::read_csv(file);
  const CaptionKeys keys = settled(wanted, table.header, file);
  const auto column = [&](const std::string& key) -> std::optional<size_t> {
    if (key.empty()) return std::nullopt;
    return std::ranges::find(table.header, key) - table.header.begin();
  };
  const auto image = column(keys.image), caption = column(keys.caption), id = column(keys.id),
             label = column(keys.label), group = column(keys.group);
  std::vector<CaptionRow> rows;
  for (size_t i = 0; i < table.rows.size(); ++i) {
    const std::string where = fmt::format("{}:{}", file.string(), table.lines[i]);
    const auto cell = [&](std::optional<size_t> at) {
      return at ? trimmed_caption(table.rows[i][*at], where) : std::string();
    };
    CaptionRow row{cell(image), {}, cell(id), cell(label), cell(group), where};
    if (std::string text = cell(caption); !text.empty()) row.captions.push_back(std::move(text));
    rows.push_back(std::move(row));
  }
  return rows;
}

/// A text, or a whole number written out; empty for null and where the key is absent.
std::string scalar(const json& record, const std::string& key, const std::string& where) {
  const auto found = key.empty() ? record.end() : record.find(key);
  if (found == record.end() || found->is_null()) return "";
  if (found->is_string()) return trimmed_caption(found->get<std::string>(), where);
  if (found->is_number_integer() || found->is_boolean()) return found->dump();
  throw Error(
      {.what = fmt::format("'{}' must be a text, but is {}", key, found->dump()), .where = where});
}

std::vector<CaptionRow> read_json_lines(const std::filesystem::path& file,
                                        const CaptionKeys& wanted) {
  std::vector<std::pair<json, std::string>> records;
  std::set<std::string> present;
  io::JsonlReader reader(file);
  while (auto record = reader.next()) {
    for (const auto& [key, value] : record->items()) present.insert(key);
    records.emplace_back(std::move(*record), reader.where());
  }
  if (records.empty()) return {};
  const CaptionKeys keys = settled(wanted, {present.begin(), present.end()}, file);
  std::vector<CaptionRow> rows;
  for (const auto& [record, where] : records) {
    rows.push_back({scalar(record, keys.image, where),
                    captions_of(record.value(keys.caption, json()), where),
                    scalar(record, keys.id, where), scalar(record, keys.label, where),
                    scalar(record, keys.group, where), where});
  }
  return rows;
}

}  // namespace

std::string usual_caption_key(const std::vector<std::string>& keys) {
  for (const char* usual : {"text", "caption", "captions"}) {
    if (std::ranges::find(keys, usual) != keys.end()) return usual;
  }
  return "";
}

std::vector<std::string> captions_of(const json& value, const std::string& where) {
  if (value.is_null()) return {};
  std::vector<std::string> captions;
  for (const json& item : value.is_array() ? value : json::array({value})) {
    if (!item.is_string()) {
      throw Error({.what = fmt::format("a caption must be a text, but is {}", item.dump()),
                   .where = where});
    }
    std::string text = trimmed_caption(item.get<std::string>(), where);
    if (!text.empty()) captions.push_back(std::move(text));
  }
  return captions;
}

std::vector<CaptionRow> read_captions(const std::filesystem::path& file, const CaptionKeys& keys) {
  return is_json_lines(file) ? read_json_lines(file, keys) : read_table(file, keys);
}

}  // namespace relata::data
