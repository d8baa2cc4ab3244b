#include "relata/data/infer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "relata/base/error.h"
#include "relata/base/log.h"
#include "relata/io/jsonl.h"

namespace relata::data {
namespace {

using nlohmann::json;

bool looks_like_image(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  constexpr std::array<std::string_view, 4> kEndings{".jpg", ".jpeg", ".png", ".webp"};
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [&](auto ending) { return text.ends_with(ending); });
}

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
    spec.modality = text.find(".npy#") != std::string::npos ? Modality::kVector
                    : looks_like_image(text)                ? Modality::kImage
                                                            : Modality::kText;
  } else {
    spec.modality = Modality::kLabel;
  }
  return spec;
}

void see_label(Guess& guess, const json& value, const std::string& where) {
  if (value.is_string()) {
    guess.texts.insert(value.get<std::string>());
  } else if (value.is_boolean() || value.is_number_integer()) {
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

}  // namespace

Schema infer_schema(const std::filesystem::path& jsonl) {
  std::vector<Guess> guesses;
  io::JsonlReader reader(jsonl);
  Schema schema;
  while (const auto record = reader.next()) {
    for (const auto& [name, value] : record->items()) {
      if (name == "id" || value.is_null()) continue;
      if (name == "group") {
        schema.group = name;
        continue;
      }
      auto guess = std::find_if(guesses.begin(), guesses.end(),
                                [&](const Guess& g) { return g.field.name == name; });
      if (guess == guesses.end()) {
        guess = guesses.insert(
            guesses.end(),
            {.field = guess_field(name, value), .label = {}, .texts = {}, .numbers = {}});
      }
      if (guess->field.modality == Modality::kLabel) see_label(*guess, value, reader.where());
    }
  }
  TableSpec table{.name = "rows", .fields = {}, .splits = {{"all", jsonl.filename().string()}}};
  std::vector<std::string> found;
  for (Guess& guess : guesses) {
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
