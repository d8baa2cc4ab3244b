#include "relata/index/column.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/utf8.h"

namespace relata::index {
namespace {

constexpr std::array kNames{
    std::pair{ColumnKind::kString, "string"}, std::pair{ColumnKind::kInteger, "integer"},
    std::pair{ColumnKind::kReal, "real"}, std::pair{ColumnKind::kStrings, "strings"}};
// Before the text of a string, so that an empty one differs from an absent one.
constexpr char kPresent = 1;

[[noreturn]] void malformed() {
  throw Error({.what = "a metadata value that cannot be read",
               .remedy = "build the index again, or restore it"});
}

template <typename T>
std::optional<T> number_in(std::span<const std::byte> bytes) {
  if (bytes.empty()) return std::nullopt;
  if (bytes.size() != sizeof(T)) malformed();
  T value;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

template <typename T>
StoredValue stored_number(T value) {
  StoredValue stored{.bytes = std::string(sizeof(T), '\0'), .elements = 1};
  std::memcpy(stored.bytes.data(), &value, sizeof(T));
  return stored;
}

void append_length(std::string& bytes, size_t length) {
  const auto small = static_cast<uint32_t>(length);
  char raw[sizeof(small)];
  std::memcpy(raw, &small, sizeof(small));
  bytes.append(raw, sizeof(raw));
}

[[noreturn]] void refuse(const Column& column, const std::string& what) {
  throw Error({.what = fmt::format("column '{}' of kind {}: {}", column.name,
                                   kind_name(column.kind), what)});
}

void check_text(const Column& column, const std::string& text) {
  if (text.size() > std::numeric_limits<uint32_t>::max()) refuse(column, "a text beyond 4 GB");
  if (io::invalid_utf8_at(text)) refuse(column, io::excerpt(text) + " is not UTF-8");
}

StoredValue stored_text(const Column& column, const std::string& text) {
  check_text(column, text);
  return {.bytes = kPresent + text, .elements = static_cast<int64_t>(text.size()) + 1};
}

/// The number of texts, then of each its length and itself.
StoredValue stored_texts(const Column& column, const std::vector<std::string>& texts) {
  StoredValue stored;
  append_length(stored.bytes, texts.size());
  for (const std::string& text : texts) {
    check_text(column, text);
    append_length(stored.bytes, text.size());
    stored.bytes += text;
  }
  stored.elements = static_cast<int64_t>(stored.bytes.size());
  return stored;
}

}  // namespace

std::string_view kind_name(ColumnKind kind) { return kNames.at(static_cast<size_t>(kind)).second; }

std::optional<ColumnKind> kind_of(std::string_view name) {
  for (const auto& [kind, known] : kNames) {
    if (name == known) return kind;
  }
  return std::nullopt;
}

io::StoreColumn stored_column(const Column& column) {
  const io::DType dtype = column.kind == ColumnKind::kInteger ? io::DType::kI64
                          : column.kind == ColumnKind::kReal  ? io::DType::kF64
                                                              : io::DType::kU8;
  return {.name = "meta." + column.name, .dtype = dtype, .shape = {}, .ragged = true};
}

StoredValue stored_value(const Column& column, const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return {};
  const auto* text = std::get_if<std::string>(&value);
  const auto* integer = std::get_if<int64_t>(&value);
  const auto* real = std::get_if<double>(&value);
  const auto* texts = std::get_if<std::vector<std::string>>(&value);
  switch (column.kind) {
    case ColumnKind::kString:
      if (text != nullptr) return stored_text(column, *text);
      break;
    case ColumnKind::kInteger:
      if (integer != nullptr) return stored_number(*integer);
      if (real != nullptr) refuse(column, fmt::format("{} is no whole number", *real));
      break;
    case ColumnKind::kReal:
      if (integer != nullptr) return stored_number(static_cast<double>(*integer));
      if (real != nullptr && !std::isnan(*real)) return stored_number(*real);
      if (real != nullptr) refuse(column, "NaN");
      break;
    case ColumnKind::kStrings:
      if (texts != nullptr) return stored_texts(column, *texts);
      break;
  }
  refuse(column, text != nullptr    ? fmt::format("the text {}", io::excerpt(*text))
                 : texts != nullptr ? std::string("a list of texts")
                                    : std::string("a number"));
}

std::optional<std::string_view> string_in(std::span<const std::byte> bytes) {
  if (bytes.empty()) return std::nullopt;
  if (bytes.front() != std::byte{kPresent}) malformed();
  return std::string_view(reinterpret_cast<const char*>(bytes.data()) + 1, bytes.size() - 1);
}

std::optional<int64_t> integer_in(std::span<const std::byte> bytes) {
  return number_in<int64_t>(bytes);
}

std::optional<double> real_in(std::span<const std::byte> bytes) { return number_in<double>(bytes); }

std::optional<std::vector<std::string_view>> strings_in(std::span<const std::byte> bytes) {
  if (bytes.empty()) return std::nullopt;
  const auto length = [&] {
    if (bytes.size() < sizeof(uint32_t)) malformed();
    uint32_t value = 0;
    std::memcpy(&value, bytes.data(), sizeof(value));
    bytes = bytes.subspan(sizeof(value));
    return value;
  };
  const uint32_t count = length();
  if (count > bytes.size() / sizeof(uint32_t)) malformed();  // each has a length at least
  std::vector<std::string_view> texts;
  texts.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t size = length();
    if (size > bytes.size()) malformed();
    texts.emplace_back(reinterpret_cast<const char*>(bytes.data()), size);
    bytes = bytes.subspan(size);
  }
  if (!bytes.empty()) malformed();
  return texts;
}

Value value_in(ColumnKind kind, std::span<const std::byte> bytes) {
  const auto given = [](const auto& found, auto convert) -> Value {
    if (!found) return std::monostate();
    return convert(*found);
  };
  const auto same = [](auto x) { return x; };
  switch (kind) {
    case ColumnKind::kString:
      return given(string_in(bytes), [](std::string_view x) { return std::string(x); });
    case ColumnKind::kInteger:
      return given(integer_in(bytes), same);
    case ColumnKind::kReal:
      return given(real_in(bytes), same);
    case ColumnKind::kStrings:
      return given(strings_in(bytes), [](const std::vector<std::string_view>& x) {
        return std::vector<std::string>(x.begin(), x.end());
      });
  }
  return std::monostate();
}

}  // namespace relata::index
