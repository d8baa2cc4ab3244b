// The two passes of a resize over bytes, in fixed point; fast where the processor has AVX2, and
// equal bit for bit where it has not.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "relata/io/image/resample_weights.h"

namespace relata::io {

/// Rows of interleaved bytes in somebody else's memory.
struct ByteRows {
  const uint8_t* data = nullptr;
  int64_t stride = 0;  ///< bytes from one row to the next
  int64_t count = 0;
  const uint8_t* end = nullptr;  ///< of the memory that may be read

  const uint8_t* row(int64_t y) const { return data + y * stride; }
};

/// One axis in fixed point, and the same weights as the fast kernels want them.
struct FixedAxis {
  explicit FixedAxis(AxisWeights axis);

  AxisWeights axis;
  std::vector<int32_t> weights;  ///< [outputs, taps]
  int64_t groups = 0;            ///< of four taps, for the output that has most
  /// [outputs, groups, 2, 4]: of four weights the low 11 bits, then the rest; 16-bit numbers, since
  /// there is a fast product of those.
  std::vector<int16_t> split;
};

inline constexpr int kLowBits = 11;

/// Whether to use the fast kernels; kBest is the default, the tests compare both.
enum class Kernels { kPortable, kBest };

/// out[y, o, c] = round(Σ_t weight[o, t] · in[y, first[o] + t, c]), cut to a byte; `channels` is 1
/// to 4; `out` is [in.count, outputs, channels].
void horizontal_pass(const ByteRows& in, int64_t channels, const FixedAxis& axis, uint8_t* out,
                     Kernels kernels = Kernels::kBest);

/// out[o, x] = round(Σ_t weight[o, t] · in[first[o] − first_row + t, x]), cut to a byte, for one
/// output row o of `bytes` bytes.
void vertical_row(const ByteRows& in, int64_t first_row, int64_t bytes, const FixedAxis& axis,
                  int64_t output, uint8_t* out, Kernels kernels = Kernels::kBest);

}  // namespace relata::io
