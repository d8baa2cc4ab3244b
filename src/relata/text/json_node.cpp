#include "relata/text/json_node.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/utf8.h"

namespace relata::text {
namespace {

using nlohmann::json;

std::string kind_of(const json& value) {
  if (value.is_string()) return "text";
  return value.type_name();
}

}  // namespace

JsonNode::JsonNode(const json& value, std::string file) : JsonNode(value, std::move(file), {}) {}

JsonNode::JsonNode(const json& value, std::string file, std::string path)
    : value_(&value), file_(std::move(file)), path_(std::move(path)) {}

std::string JsonNode::where() const { return path_.empty() ? file_ : file_ + ": " + path_; }

JsonNode JsonNode::at(std::string_view key) const {
  if (auto found = find(key)) return *found;
  refuse("has no \"" + std::string(key) + "\"", "add the key");
}

std::optional<JsonNode> JsonNode::find(std::string_view key) const {
  if (!value_->is_object()) refuse("is " + kind_of(*value_) + ", expected an object");
  const auto found = value_->find(key);
  if (found == value_->end() || found->is_null()) return std::nullopt;
  const std::string path = path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  return JsonNode(*found, file_, path);
}

std::vector<JsonNode> JsonNode::items() const {
  if (!value_->is_array()) refuse("is " + kind_of(*value_) + ", expected an array");
  std::vector<JsonNode> items;
  items.reserve(value_->size());
  for (std::size_t i = 0; i < value_->size(); ++i) {
    items.push_back(JsonNode((*value_)[i], file_, path_ + "[" + std::to_string(i) + "]"));
  }
  return items;
}

const std::string& JsonNode::text() const {
  if (!value_->is_string()) refuse("is " + kind_of(*value_) + ", expected text");
  return value_->get_ref<const std::string&>();
}

bool JsonNode::boolean() const {
  if (!value_->is_boolean()) refuse("is " + kind_of(*value_) + ", expected true or false");
  return value_->get<bool>();
}

int64_t JsonNode::integer(int64_t low, int64_t high) const {
  const bool fits = value_->is_number_integer() &&
                    !(value_->is_number_unsigned() && value_->get<uint64_t>() > INT64_MAX);
  if (!fits || value_->get<int64_t>() < low || value_->get<int64_t>() > high) {
    refuse("is " + (value_->is_number() ? value_->dump() : kind_of(*value_)) +
           ", expected an integer from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return value_->get<int64_t>();
}

double JsonNode::number() const {
  if (!value_->is_number()) refuse("is " + kind_of(*value_) + ", expected a number");
  return value_->get<double>();
}

bool JsonNode::flag(std::string_view key, bool otherwise) const {
  const auto found = find(key);
  return found ? found->boolean() : otherwise;
}

std::string JsonNode::text_or(std::string_view key, std::string otherwise) const {
  const auto found = find(key);
  return found ? found->text() : std::move(otherwise);
}

void JsonNode::refuse(std::string what, std::string remedy) const {
  throw Error({.what = std::move(what), .where = where(), .remedy = std::move(remedy)});
}

void JsonNode::refuse_type(std::string_view kind, std::vector<std::string> known) const {
  std::string names;
  for (const std::string& name : known) names += (names.empty() ? "" : ", ") + name;
  refuse(std::string(kind) + " " + io::excerpt(at("type").text()) + " is not supported",
         "known are " + names);
}

}  // namespace relata::text
