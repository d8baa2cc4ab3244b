// Inner products: one exact enough to decide, many fast enough to scan.
#pragma once

#include <cstdint>
#include <span>

namespace relata::index {

/// In double; the same on every processor. Products of floats are exact in double, so only the
/// order of additions counts, and that is fixed.
double exact_dot(const float* a, const float* b, int64_t width);

/// out[row] ≈ query · rows[row], in float, in any order of additions. rows [count, width].
void dots(const float* query, const float* rows, int64_t count, int64_t width, float* out);

/// The same for rows in bfloat16; the query is not rounded.
void dots(const float* query, const uint16_t* rows, int64_t count, int64_t width, float* out);

/// Nearest bfloat16, ties to even; of a finite number.
uint16_t to_bfloat(float value);

/// To length 1. False, and nothing changed, for a vector of length 0 and one with NaN or infinity.
bool normalise(std::span<float> vector);

}  // namespace relata::index
