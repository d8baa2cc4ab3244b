#include "relata/search/metadata.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cmath>
#include <optional>

#include "relata/base/closest_name.h"
#include "relata/base/error.h"
#include "relata/io/utf8.h"

namespace relata::search {
namespace {

using index::ColumnKind;

constexpr double kWholeLimit = 9007199254740992.0;  // 2^53: beyond it doubles skip whole numbers

const data::FieldSpec* spec_of(const data::View& view, const std::string& field) {
  return view.table().find(field);
}

/// The group need not be a declared field.
bool is_group(const data::View& view, const std::string& field) {
  return spec_of(view, field) == nullptr && field == view.dataset().schema().group;
}

const data::LabelSpec* label_of(const data::View& view, const std::string& field) {
  const data::FieldSpec* spec = spec_of(view, field);
  if (spec == nullptr || spec->modality != data::Modality::kLabel) return nullptr;
  return &view.label_spec(field);
}

template <typename T>
std::optional<T> number_in(const std::string& text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

/// As the record has it, before it is made to fit a column.
index::Value raw_value(const data::View& view, int64_t position, const std::string& field) {
  if (is_group(view, field)) return view.group(position);
  if (!view.present(position, field)) return std::monostate();
  const data::FieldSpec& spec = *spec_of(view, field);
  if (const data::LabelSpec* label = label_of(view, field)) {
    if (label->kind == data::LabelKind::kReal) return view.real_label(position, field);
    if (label->kind != data::LabelKind::kIdentity) {
      std::vector<std::string> names;
      for (const int64_t number : view.class_labels(position, field))
        names.push_back(label->names[static_cast<size_t>(number)]);
      if (label->kind == data::LabelKind::kMultilabel) return names;
      return names.front();
    }
  }
  const std::vector<std::string>& texts = view.texts(position, field);
  if (spec.list) return texts;
  return texts.front();
}

/// Nothing where it does not fit.
std::optional<index::Value> fitted(const index::Value& value, ColumnKind kind) {
  const auto* text = std::get_if<std::string>(&value);
  const auto* real = std::get_if<double>(&value);
  switch (kind) {
    case ColumnKind::kString:
      if (text != nullptr) return value;
      if (real != nullptr) return fmt::format("{}", *real);
      return std::nullopt;
    case ColumnKind::kStrings:
      if (text != nullptr) return std::vector{*text};
      return real == nullptr ? std::optional(value) : std::nullopt;
    case ColumnKind::kReal:
      if (real != nullptr) return value;
      if (text != nullptr) {
        if (const auto number = number_in<double>(*text)) return *number;
      }
      return std::nullopt;
    case ColumnKind::kInteger:
      if (text != nullptr) {
        if (const auto number = number_in<int64_t>(*text)) return *number;
      }
      if (real != nullptr && *real == std::floor(*real) && std::abs(*real) <= kWholeLimit)
        return static_cast<int64_t>(*real);
      return std::nullopt;
  }
  return std::nullopt;
}

bool all_fit(const data::View& view, const std::string& field, ColumnKind kind) {
  for (int64_t i = 0; i < view.size(); ++i) {
    const index::Value value = raw_value(view, i, field);
    if (!std::holds_alternative<std::monostate>(value) && !fitted(value, kind)) return false;
  }
  return true;
}

ColumnKind inferred(const data::View& view, const std::string& field) {
  const data::FieldSpec* spec = spec_of(view, field);
  if (spec != nullptr && spec->list) return ColumnKind::kStrings;
  const data::LabelSpec* label = label_of(view, field);
  if (label == nullptr) return ColumnKind::kString;
  if (label->kind == data::LabelKind::kMultilabel) return ColumnKind::kStrings;
  if (all_fit(view, field, ColumnKind::kInteger)) return ColumnKind::kInteger;
  return label->kind == data::LabelKind::kReal ? ColumnKind::kReal : ColumnKind::kString;
}

void check_field(const data::View& view, const std::string& field) {
  const std::string where = view.dataset().folder().string();
  const data::FieldSpec* spec = spec_of(view, field);
  if (spec == nullptr && !is_group(view, field)) {
    std::vector<std::string> names;
    for (const data::FieldSpec& known : view.table().fields) names.push_back(known.name);
    throw Error({.what = fmt::format("no field {}", io::excerpt(field)),
                 .where = where,
                 .remedy = fmt::format("did you mean '{}'? fields: {}", closest_name(field, names),
                                       fmt::join(names, ", "))});
  }
  if (spec != nullptr && spec->modality == data::Modality::kVector) {
    throw Error({.what = fmt::format("field '{}' is a vector, which is no metadata", field),
                 .where = where});
  }
}

}  // namespace

index::Column column_for(const std::string& wanted, const data::View& view) {
  const size_t colon = wanted.rfind(':');
  const auto kind =
      colon == std::string::npos ? std::nullopt : index::kind_of(wanted.substr(colon + 1));
  const std::string field = kind ? wanted.substr(0, colon) : wanted;
  check_field(view, field);
  return {.name = field, .kind = kind ? *kind : inferred(view, field)};
}

index::Value value_of(const index::Column& column, const data::View& view, int64_t position) {
  const index::Value value = raw_value(view, position, column.name);
  if (std::holds_alternative<std::monostate>(value)) return value;
  if (auto fits = fitted(value, column.kind)) return *std::move(fits);
  const auto* text = std::get_if<std::string>(&value);
  throw Error(
      {.what = fmt::format("{} does not fit column '{}' of kind {}",
                           text != nullptr ? io::excerpt(*text) : "its value", column.name,
                           index::kind_name(column.kind)),
       .where = fmt::format("record {}", io::excerpt(view.id(position))),
       .remedy = fmt::format("mend it, or build the index with --columns {}:string", column.name)});
}

}  // namespace relata::search
