#include "relata/text/charsmap.h"

#include <array>
#include <cstring>

#include "relata/base/error.h"
#include "relata/io/utf8.h"

namespace relata::text {
namespace {

// Darts-clone's units.
bool has_leaf(uint32_t unit) { return ((unit >> 8U) & 1U) != 0; }
uint32_t value_of(uint32_t unit) { return unit & 0x7FFFFFFFU; }
uint32_t label_of(uint32_t unit) { return unit & 0x800000FFU; }
uint32_t offset_of(uint32_t unit) { return (unit >> 10U) << ((unit & 0x200U) >> 6U); }

constexpr std::array<int8_t, 256> base64_values() {
  std::array<int8_t, 256> values = {};
  values.fill(-1);
  int8_t value = 0;
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789+/")) {
    values[static_cast<unsigned char>(c)] = value++;
  }
  return values;
}

}  // namespace

Charsmap::Charsmap(std::string_view rules, std::string_view where) {
  uint32_t size = 0;
  const auto refuse = [&](const char* what) -> Error {
    return Error({.what = std::string("precompiled_charsmap ") + what,
                  .where = std::string(where),
                  .remedy = "save the tokenizer again"});
  };
  if (rules.size() < sizeof(size)) throw refuse("is cut off");
  std::memcpy(&size, rules.data(), sizeof(size));
  rules.remove_prefix(sizeof(size));
  if (size > rules.size() || size % sizeof(uint32_t) != 0 || size == 0) {
    throw refuse("names a trie size that does not fit");
  }
  units_.resize(size / sizeof(uint32_t));
  std::memcpy(units_.data(), rules.data(), size);
  texts_ = rules.substr(size);
  if (io::invalid_utf8_at(texts_)) throw refuse("holds text that is not UTF-8");
}

std::optional<std::string_view> Charsmap::replacement(std::string_view text) const {
  uint32_t at = offset_of(units_[0]);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0) return std::nullopt;
    at ^= byte;
    if (at >= units_.size() || label_of(units_[at]) != byte) return std::nullopt;
    const uint32_t unit = units_[at];
    at ^= offset_of(unit);
    if (!has_leaf(unit)) continue;
    if (at >= units_.size()) return std::nullopt;
    const uint32_t start = value_of(units_[at]);
    if (start > texts_.size()) return std::nullopt;
    const std::string_view rest = std::string_view(texts_).substr(start);
    return rest.substr(0, rest.find('\0'));
  }
  return std::nullopt;
}

std::string decode_base64(std::string_view text, std::string_view where) {
  static constexpr std::array<int8_t, 256> kValues = base64_values();
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  uint32_t bits = 0;
  uint32_t count = 0;
  for (const char c : text) {
    const int8_t value = kValues[static_cast<unsigned char>(c)];
    if (value < 0) {
      throw Error({.what = "is no base64", .where = std::string(where)});
    }
    bits = (bits << 6U | static_cast<uint32_t>(value)) & 0xFFFFFFU;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>((bits >> count) & 0xFFU));
  }
  return bytes;
}

}  // namespace relata::text
