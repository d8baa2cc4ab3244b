#include "relata/models/gguf_keys.h"

#include <fmt/format.h>

#include <cstring>
#include <limits>
#include <utility>

#include "relata/base/error.h"

namespace relata::models {
namespace {

std::optional<int64_t> as_integer(const io::GgufValue& value) {
  if (const auto* number = std::get_if<int64_t>(&value.value)) return *number;
  if (const auto* number = std::get_if<uint64_t>(&value.value)) {
    if (std::in_range<int64_t>(*number)) return static_cast<int64_t>(*number);
  }
  return std::nullopt;
}

template <typename Number>
std::vector<int64_t> numbers_of(std::span<const std::byte> bytes) {
  std::vector<int64_t> numbers;
  for (size_t at = 0; at + sizeof(Number) <= bytes.size(); at += sizeof(Number)) {
    Number number;
    std::memcpy(&number, bytes.data() + at, sizeof(Number));
    numbers.push_back(static_cast<int64_t>(number));
  }
  return numbers;
}

}  // namespace

GgufKeys::GgufKeys(const io::GgufContent& content, std::string where)
    : content_(content), where_(std::move(where)) {}

void GgufKeys::fail(std::string_view key, const std::string& expected) const {
  throw Error({.what = fmt::format("'{}' {}", key,
                                   has(key) ? "is not " + expected : std::string("is missing")),
               .where = where_});
}

bool GgufKeys::has(std::string_view key) const { return content_.metadata.contains(key); }

const io::GgufValue& GgufKeys::value(std::string_view key, const char* expected) const {
  const auto found = content_.metadata.find(key);
  if (found == content_.metadata.end()) fail(key, expected);
  return found->second;
}

std::string GgufKeys::text(std::string_view key) const {
  const auto* text = std::get_if<std::string_view>(&value(key, "text").value);
  if (text == nullptr) fail(key, "text");
  return std::string(*text);
}

int64_t GgufKeys::integer(std::string_view key) const {
  const auto number = as_integer(value(key, "a whole number"));
  if (!number) fail(key, "a whole number");
  return *number;
}

double GgufKeys::number(std::string_view key) const {
  const io::GgufValue& found = value(key, "a number");
  if (const auto* number = std::get_if<double>(&found.value)) {
    // Written as float32: the shortest decimal that reads back the same is what was meant.
    return found.type == io::GgufType::kF32
               ? std::stod(fmt::format("{}", static_cast<float>(*number)))
               : *number;
  }
  const auto whole = as_integer(found);
  if (!whole) fail(key, "a number");
  return static_cast<double>(*whole);
}

bool GgufKeys::boolean(std::string_view key, bool absent) const {
  if (!has(key)) return absent;
  const auto* flag = std::get_if<bool>(&value(key, "true or false").value);
  if (flag == nullptr) fail(key, "true or false");
  return *flag;
}

std::optional<int64_t> GgufKeys::maybe_integer(std::string_view key) const {
  return has(key) ? std::optional(integer(key)) : std::nullopt;
}

std::vector<std::string_view> GgufKeys::texts(std::string_view key) const {
  const auto* array = std::get_if<io::GgufArray>(&value(key, "a list of texts").value);
  if (array == nullptr || array->element != io::GgufType::kString) fail(key, "a list of texts");
  return array->strings;
}

std::vector<int64_t> GgufKeys::integers(std::string_view key) const {
  const auto* array = std::get_if<io::GgufArray>(&value(key, "a list of whole numbers").value);
  if (array != nullptr && array->element == io::GgufType::kI32)
    return numbers_of<int32_t>(array->bytes);
  if (array != nullptr && array->element == io::GgufType::kU32)
    return numbers_of<uint32_t>(array->bytes);
  fail(key, "a list of whole numbers");
}

}  // namespace relata::models
