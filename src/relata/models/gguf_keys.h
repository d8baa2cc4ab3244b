// Metadata of a GGUF file by key, with types checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relata/io/gguf.h"

namespace relata::models {

class GgufKeys {
 public:
  GgufKeys(const io::GgufContent& content, std::string where);

  bool has(std::string_view key) const;
  /// Getters throw Error naming the file and the key where it is absent or of another type.
  std::string text(std::string_view key) const;
  int64_t integer(std::string_view key) const;
  double number(std::string_view key) const;
  bool boolean(std::string_view key, bool absent) const;
  std::optional<int64_t> maybe_integer(std::string_view key) const;
  std::vector<std::string_view> texts(std::string_view key) const;
  std::vector<int64_t> integers(std::string_view key) const;

  [[noreturn]] void fail(std::string_view key, const std::string& expected) const;

 private:
  const io::GgufValue& value(std::string_view key, const char* expected) const;

  const io::GgufContent& content_;
  std::string where_;
};

}  // namespace relata::models
