// 16-bit floating-point numbers as 32-bit ones; without branches, so that loops are vectorised.
#pragma once

#include <bit>
#include <cstdint>

namespace relata::io {

/// IEEE 754 binary16. Exact; no subnormal binary32 is met on the way, so flushing them changes
/// nothing.
inline float half_to_float(uint16_t half) {
  const uint32_t sign = (half & 0x8000U) << 16U;
  const uint32_t rest = half & 0x7FFFU;  // exponent and fraction
  // Normal numbers: the exponent's bias changes from 15 to 127. Infinities and NaNs: the largest.
  const uint32_t bias = rest >= 0x7C00U ? 224U << 23U : 112U << 23U;
  const uint32_t normal = (rest << 13U) + bias;
  // Subnormal ones are rest · 2^-24, and 2^-24 is the last place of 0.5.
  const float small = std::bit_cast<float>(rest | std::bit_cast<uint32_t>(0.5F)) - 0.5F;
  const uint32_t bits = rest < 0x400U ? std::bit_cast<uint32_t>(small) : normal;
  return std::bit_cast<float>(bits | sign);
}

/// bfloat16: the upper half of a binary32.
inline float bfloat_to_float(uint16_t upper) {
  return std::bit_cast<float>(static_cast<uint32_t>(upper) << 16U);
}

}  // namespace relata::io
