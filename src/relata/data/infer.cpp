#include "relata/data/infer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "relata/base/error.h"
#include "relata/base/log.h"
#include "relata/data/picture_dataset.h"
#include "relata/io/jsonl.h"

namespace relata::data {
namespace {

using nlohmann::json;

/// What is known of one field after some records.
struct Guess {
  FieldSpec field;
  LabelSpec label;
  std::set<std::string> texts;  ///< distinct class names seen
  std::set<int64_t> numbers;    ///< distinct class numbers seen
};

FieldSpec guess_field(const std::string& name, const json& value) {
  FieldSpec spec{.name = name};
  const bool named_label = name == "label" || name == "class";
  const json& item = value.is_array() && !value.empty() ? value.front() : value;
  if (value.is_array() && item.is_number()) {
    spec.modality = Modality::kVector;
  } else if (item.is_string() && !named_label) {
    const auto text = item.get<std::string>();
    spec.list = value.is_array();
    spec.modality = !spec.list && text.find(".npy#") != std::string::npos ? Modality::kVector
                    : looks_like_picture(text)                            ? Modality::kImage
                                                                          : Modality::kText;
  } else {
    spec.modality = Modality::kLabel;
  }
  return spec;
}

void see_label(Guess& guess, const json& value, const std::string& where) {
  if (value.is_string()) {
    guess.texts.insert(value.get<std::string>());
  } else if (value.is_boolean()) {
    guess.numbers.insert(value.get<bool>() ? 1 : 0);
  } else if (value.is_number_integer()) {
    guess.numbers.insert(value.get<int64_t>());
  } else if (value.is_number()) {
    guess.label.kind = LabelKind::kReal;
  } else {
    throw Error({.what = fmt::format("cannot guess the modality of field '{}' from {}",
                                     guess.field.name, value.dump()),
                 .where = where,
                 .remedy = "write a dataset.yaml that declares it"});
  }
}

void name_classes(Guess& guess, const std::string& where) {
  if (guess.label.kind == LabelKind::kReal) return;
  if (!guess.texts.empty() && !guess.numbers.empty()) {
    throw Error({.what = fmt::format("field '{}' holds both texts and numbers", guess.field.name),
                 .where = where});
  }
  guess.label.names.assign(guess.texts.begin(), guess.texts.end());
  if (guess.numbers.empty()) return;
  if (*guess.numbers.begin() < 0 || *guess.numbers.rbegin() >= 10'000) {
    guess.label.kind = LabelKind::kReal;  // no class numbers
    return;
  }
  for (int64_t i = 0; i <= *guess.numbers.rbegin(); ++i)
    guess.label.names.push_back(std::to_string(i));
}

/// All that the records of a file say about its fields, in the order in which they first appear.
class Guesses {
 public:
  void see(const std::string& name, const json& value, const std::string& where) {
    if (value.is_null()) return;
    if (value.is_array() && value.empty()) {
      empty_.try_emplace(name, where);
      return;  // a list of what, another record will tell
    }
    auto guess = std::find_if(guesses_.begin(), guesses_.end(),
                              [&](const Guess& g) { return g.field.name == name; });
    if (guess == guesses_.end()) {
      guess = guesses_.insert(
          guesses_.end(),
          {.field = guess_field(name, value), .label = {}, .texts = {}, .numbers = {}});
    }
    FieldSpec& field = guess->field;
    if (field.modality == Modality::kLabel) see_label(*guess, value, where);
    if (field.modality == Modality::kImage && guess_field(name, value).modality != field.modality) {
      field.modality = Modality::kText;  // a text that happened to end like a picture
    }
  }

  std::vector<Guess> take() {
    for (const auto& [name, where] : empty_) {
      if (std::any_of(guesses_.begin(), guesses_.end(),
                      [&, &wanted = name](const Guess& g) { return g.field.name == wanted; })) {
        continue;
      }
      throw Error({.what = fmt::format("cannot guess the modality of field '{}' from []", name),
                   .where = where,
                   .remedy = "write a dataset.yaml that declares it"});
    }
    return std::move(guesses_);
  }

 private:
  std::vector<Guess> guesses_;
  std::map<std::string, std::string> empty_;  ///< field → where it was an empty list first
};

/// The next record that is JSON; nothing at the end. A broken line is for the reading pass to
/// report.
std::optional<json> next_readable(io::JsonlReader& reader) {
  while (true) {
    try {
      return reader.next();
    } catch (const Error&) {
      continue;
    }
  }
}

}  // namespace

Schema infer_schema(const std::filesystem::path& jsonl) {
  Guesses guesses;
  io::JsonlReader reader(jsonl);
  Schema schema;
  while (const auto record = next_readable(reader)) {
    for (const auto& [name, value] : record->items()) {
      if (name == "group" && !value.is_null()) schema.group = name;
      if (name != "group" && name != "id") guesses.see(name, value, reader.where());
    }
  }
  TableSpec table{.name = std::string(kOnlyTable),
                  .fields = {},
                  .splits = {{"all", jsonl.filename().string()}}};
  std::vector<std::string> found;
  for (Guess& guess : guesses.take()) {
    if (guess.field.modality == Modality::kLabel) {
      name_classes(guess, jsonl.string());
      schema.labels[guess.field.name] = guess.label;
    }
    found.push_back(guess.field.name + ": " + modality_text(guess.field));
    table.fields.push_back(guess.field);
  }
  spdlog::info("{}: fields {}", jsonl.string(), fmt::join(found, ", "));
  schema.tables.push_back(std::move(table));
  return schema;
}

}  // namespace relata::data
