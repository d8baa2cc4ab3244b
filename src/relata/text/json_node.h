// Reading the components of a tokenizer.json with the place in every error:
// "dir/tokenizer.json: normalizer.normalizers[1].pattern is a number, expected text".
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relata::text {

/// A value and where it stands. Cheap to copy; the document must outlive it.
class JsonNode {
 public:
  /// The whole document of `file`.
  JsonNode(const nlohmann::json& value, std::string file);

  const nlohmann::json& value() const { return *value_; }
  /// file: key.path
  std::string where() const;

  /// A member that must be there. Throws Error.
  JsonNode at(std::string_view key) const;
  /// A member, or nothing where it is missing or null. Throws Error unless this is an object.
  std::optional<JsonNode> find(std::string_view key) const;
  /// The elements. Throws Error unless this is an array.
  std::vector<JsonNode> items() const;

  const std::string& text() const;
  bool boolean() const;
  /// Throws Error unless low ≤ value ≤ high.
  int64_t integer(int64_t low, int64_t high) const;
  double number() const;

  bool flag(std::string_view key, bool otherwise) const;
  std::string text_or(std::string_view key, std::string otherwise) const;

  /// Throws Error: `what`, at this place.
  [[noreturn]] void refuse(std::string what, std::string remedy = {}) const;
  /// The same for a component: "type" names none of `known`.
  [[noreturn]] void refuse_type(std::string_view kind, std::vector<std::string> known) const;

 private:
  JsonNode(const nlohmann::json& value, std::string file, std::string path);

  const nlohmann::json* value_;
  std::string file_;
  std::string path_;
};

}  // namespace relata::text
