// What every fuzz target needs: its input as bytes or text, and the promise that only relata::Error
// escapes a parser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "relata/base/error.h"

namespace relata::fuzz {

inline std::span<const std::byte> as_bytes(const uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span(data, size));
}

inline std::string_view as_text(const uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Runs `parse`; an Error is the right answer to a malformed input, any other exception ends the
/// program.
template <typename Parse>
void allow_error(const Parse& parse) {
  try {
    parse();
  } catch (const Error&) {
    return;
  }
}

/// Ends the program if what must hold does not.
inline void require(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace relata::fuzz
