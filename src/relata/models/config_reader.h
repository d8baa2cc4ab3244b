// Reads config.json of a model folder: keys with their types checked, absent ones by their default.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "relata/nn/activation.h"

namespace relata::models {

/// One object of the file. Getters throw Error at file:key for a value of another type, and where a
/// required key is absent.
class ConfigReader {
 public:
  ConfigReader(const nlohmann::json& object, std::string where);
  ~ConfigReader();
  ConfigReader(const ConfigReader&);
  ConfigReader& operator=(const ConfigReader&) = delete;

  bool has(std::string_view key) const;  ///< there, and not null
  /// Sizes and counts: at least 1, at most 2²⁴ unless said otherwise.
  int64_t size(std::string_view key) const;
  int64_t size(std::string_view key, int64_t absent) const;
  int64_t integer(std::string_view key, int64_t absent) const;
  double number(std::string_view key, double absent) const;
  bool boolean(std::string_view key, bool absent) const;
  std::string text(std::string_view key, std::string_view absent) const;
  nn::Activation activation(std::string_view key, std::string_view absent) const;
  /// A number, or the first of a list of them: `eos_token_id` is either.
  std::vector<int64_t> integers(std::string_view key) const;
  /// The object at `key`; an empty one if it is absent.
  ConfigReader object(std::string_view key) const;

  const std::string& where() const { return where_; }
  const nlohmann::json& content() const { return *json_; }

 private:
  const nlohmann::json* find(std::string_view key) const;
  [[noreturn]] void refuse(std::string_view key, const std::string& expected) const;

  std::unique_ptr<nlohmann::json> json_;
  std::string where_;
};

}  // namespace relata::models
