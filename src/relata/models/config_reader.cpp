#include "relata/models/config_reader.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/utf8.h"

namespace relata::models {

using nlohmann::json;

ConfigReader::ConfigReader(const json& object, std::string where)
    : json_(std::make_unique<json>(object)), where_(std::move(where)) {
  if (!json_->is_object()) throw Error({.what = "no JSON object", .where = where_});
}

ConfigReader::~ConfigReader() = default;

ConfigReader::ConfigReader(const ConfigReader& other)
    : json_(std::make_unique<json>(*other.json_)), where_(other.where_) {}

const json* ConfigReader::find(std::string_view key) const {
  const auto found = json_->find(key);
  return found == json_->end() || found->is_null() ? nullptr : &*found;
}

bool ConfigReader::has(std::string_view key) const { return find(key) != nullptr; }

void ConfigReader::refuse(std::string_view key, const std::string& expected) const {
  const json* value = find(key);
  throw Error({.what = value == nullptr
                           ? fmt::format("'{}' is missing", key)
                           : fmt::format("'{}' is {} but must be {}", key,
                                         io::excerpt(value->dump(-1, ' ', true)), expected),
               .where = where_});
}

int64_t ConfigReader::size(std::string_view key) const {
  constexpr int64_t kMost = 1 << 24;
  const json* value = find(key);
  if (value == nullptr || !value->is_number_integer() || *value < 1 || *value > kMost)
    refuse(key, fmt::format("a whole number from 1 to {}", kMost));
  return value->get<int64_t>();
}

int64_t ConfigReader::size(std::string_view key, int64_t absent) const {
  return has(key) ? size(key) : absent;
}

int64_t ConfigReader::integer(std::string_view key, int64_t absent) const {
  const json* value = find(key);
  if (value == nullptr) return absent;
  if (!value->is_number_integer()) refuse(key, "a whole number");
  return value->get<int64_t>();
}

double ConfigReader::number(std::string_view key, double absent) const {
  const json* value = find(key);
  if (value == nullptr) return absent;
  if (!value->is_number() || !std::isfinite(value->get<double>())) refuse(key, "a number");
  return value->get<double>();
}

bool ConfigReader::boolean(std::string_view key, bool absent) const {
  const json* value = find(key);
  if (value == nullptr) return absent;
  if (!value->is_boolean()) refuse(key, "true or false");
  return value->get<bool>();
}

std::string ConfigReader::text(std::string_view key, std::string_view absent) const {
  const json* value = find(key);
  if (value == nullptr) return std::string(absent);
  if (!value->is_string()) refuse(key, "a string");
  return value->get<std::string>();
}

nn::Activation ConfigReader::activation(std::string_view key, std::string_view absent) const {
  return nn::activation_from_name(text(key, absent), fmt::format("{}: {}", where_, key));
}

std::vector<int64_t> ConfigReader::integers(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr) return {};
  if (value->is_number_integer()) return {value->get<int64_t>()};
  if (!value->is_array()) refuse(key, "a whole number or a list of them");
  std::vector<int64_t> numbers;
  for (const json& item : *value) {
    if (!item.is_number_integer()) refuse(key, "a whole number or a list of them");
    numbers.push_back(item.get<int64_t>());
  }
  return numbers;
}

ConfigReader ConfigReader::object(std::string_view key) const {
  const json* value = find(key);
  if (value != nullptr && !value->is_object()) refuse(key, "an object");
  return {value == nullptr ? json::object() : *value, fmt::format("{}: {}", where_, key)};
}

}  // namespace relata::models
