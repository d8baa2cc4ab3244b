#include "relata/text/byte_alphabet.h"

#include "relata/text/utf8.h"

namespace relata::text {
namespace {

constexpr std::array<char32_t, 256> kLetters = byte_alphabet();
constexpr std::size_t kCodes = 0x100 + 68;  // 68 bytes are not printable

constexpr std::array<int16_t, kCodes> bytes_by_letter() {
  std::array<int16_t, kCodes> bytes = {};
  bytes.fill(-1);
  for (std::size_t byte = 0; byte < kLetters.size(); ++byte) {
    bytes[kLetters[byte]] = static_cast<int16_t>(byte);
  }
  return bytes;
}
constexpr std::array<int16_t, kCodes> kBytes = bytes_by_letter();

}  // namespace

std::optional<unsigned char> byte_of(char32_t letter) {
  if (letter >= kCodes || kBytes[letter] < 0) return std::nullopt;
  return static_cast<unsigned char>(kBytes[letter]);
}

std::string to_letters(std::string_view bytes) {
  std::string letters;
  letters.reserve(bytes.size() + bytes.size() / 2);
  for (const char byte : bytes) append_utf8(letters, kLetters[static_cast<unsigned char>(byte)]);
  return letters;
}

std::optional<std::string> from_letters(std::string_view letters) {
  std::string bytes;
  bytes.reserve(letters.size());
  for (std::size_t at = 0; at < letters.size();) {
    const auto [code, size] = decode_at(letters, at);
    const auto byte = byte_of(code);
    if (!byte) return std::nullopt;
    bytes.push_back(static_cast<char>(*byte));
    at += size;
  }
  return bytes;
}

}  // namespace relata::text
