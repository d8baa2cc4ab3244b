#include "relata/io/image/resample_passes.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace relata::io {
namespace {

constexpr int32_t kHalf = 1 << (kWeightBits - 1);
constexpr int64_t kGroup = 4;  // taps that a fast kernel takes at once

uint8_t to_byte(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

// The plain versions are the definition.

template <int64_t kChannels>
void horizontal_row(const uint8_t* in, const FixedAxis& axis, uint8_t* out) {
  for (int64_t o = 0; o < axis.axis.outputs(); ++o, out += kChannels) {
    const auto at = static_cast<std::size_t>(o);
    const int32_t* weights = axis.weights.data() + o * axis.axis.taps;
    const uint8_t* pixel = in + axis.axis.first[at] * kChannels;
    std::array<int32_t, kChannels> sums;
    sums.fill(kHalf);
    for (int32_t t = 0; t < axis.axis.count[at]; ++t, pixel += kChannels) {
      for (std::size_t c = 0; c < kChannels; ++c) sums[c] += pixel[c] * weights[t];
    }
    for (std::size_t c = 0; c < kChannels; ++c) out[c] = to_byte(sums[c]);
  }
}

void horizontal_row(const uint8_t* in, int64_t channels, const FixedAxis& axis, uint8_t* out) {
  switch (channels) {
    case 1:
      return horizontal_row<1>(in, axis, out);
    case 2:
      return horizontal_row<2>(in, axis, out);
    case 3:
      return horizontal_row<3>(in, axis, out);
    default:
      return horizontal_row<4>(in, axis, out);
  }
}

void vertical_bytes(const uint8_t* in, int64_t stride, std::span<const int32_t> weights,
                    int64_t begin, int64_t end, uint8_t* out) {
  for (int64_t x = begin; x < end; ++x) {
    int32_t sum = kHalf;
    const uint8_t* byte = in + x;
    for (const int32_t weight : weights) {
      sum += *byte * weight;
      byte += stride;
    }
    out[x] = to_byte(sum);
  }
}

#if defined(__x86_64__)

// A weight k is high·2¹¹ + low with 16-bit parts, so that Σ p·k = 2¹¹·Σ p·high + Σ p·low, where
// each sum is one instruction for two taps. All of it is exact.

__attribute__((target("avx2"))) inline __m256i finished(__m256i low, __m256i high) {
  const __m256i sum = _mm256_add_epi32(_mm256_slli_epi32(high, kLowBits), low);
  return _mm256_srai_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(kHalf)), kWeightBits);
}

/// Brings four pixels, side by side, into [tap 0, tap 1] words for each channel in the lower half
/// and [tap 2, tap 3] in the upper one; −1 gives 0.
std::array<int8_t, 32> spread_mask(int64_t channels) {
  std::array<int8_t, 32> mask;
  mask.fill(-1);
  for (int64_t half = 0; half < 2; ++half) {
    for (int64_t c = 0; c < channels; ++c) {
      int8_t* words = mask.data() + half * 16 + c * 4;
      words[0] = static_cast<int8_t>(2 * half * channels + c);
      words[2] = static_cast<int8_t>((2 * half + 1) * channels + c);
    }
  }
  return mask;
}

/// Four rows at once, so that weights are fetched once for all. Reads up to 16 bytes from each
/// group of taps on, up to kOverread bytes beyond a row.
constexpr int64_t kOverread = 32;

template <int kRows>
__attribute__((target("avx2"))) void horizontal_rows_avx2(const std::array<const uint8_t*, 4>& in,
                                                          int64_t channels, const FixedAxis& axis,
                                                          const std::array<uint8_t*, 4>& out) {
  const std::array<int8_t, 32> bytes = spread_mask(channels);
  const __m256i mask = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes.data()));
  const __m256i pairs = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
  const int16_t* split = axis.split.data();
  const int64_t outputs = axis.axis.outputs();
  for (int64_t o = 0; o < outputs; ++o, split += axis.groups * 2 * kGroup) {
    const auto index = static_cast<std::size_t>(o);
    const int64_t begin = axis.axis.first[index] * channels;
    const int64_t groups = (axis.axis.count[index] + kGroup - 1) / kGroup;
    std::array<__m256i, kRows> low;
    std::array<__m256i, kRows> high;
    low.fill(_mm256_setzero_si256());
    high.fill(_mm256_setzero_si256());
    for (int64_t g = 0; g < groups; ++g) {
      const __m256i weights = _mm256_castsi128_si256(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(split + g * 2 * kGroup)));
      const __m256i low_weights = _mm256_permutevar8x32_epi32(weights, pairs);
      const __m256i high_weights =
          _mm256_permutevar8x32_epi32(weights, _mm256_add_epi32(pairs, _mm256_set1_epi32(2)));
      for (std::size_t r = 0; r < kRows; ++r) {
        const __m128i pixels = _mm_loadu_si128(
            reinterpret_cast<const __m128i*>(in[r] + begin + g * kGroup * channels));
        const __m256i words = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(pixels), mask);
        low[r] = _mm256_add_epi32(low[r], _mm256_madd_epi16(words, low_weights));
        high[r] = _mm256_add_epi32(high[r], _mm256_madd_epi16(words, high_weights));
      }
    }
    // Both halves hold parts of the same sums.
    for (std::size_t r = 0; r < kRows; ++r) {
      const __m128i low_sum =
          _mm_add_epi32(_mm256_castsi256_si128(low[r]), _mm256_extracti128_si256(low[r], 1));
      const __m128i high_sum =
          _mm_add_epi32(_mm256_castsi256_si128(high[r]), _mm256_extracti128_si256(high[r], 1));
      __m128i sum = _mm_add_epi32(_mm_slli_epi32(high_sum, kLowBits), low_sum);
      sum = _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(kHalf)), kWeightBits);
      sum = _mm_packus_epi16(_mm_packs_epi32(sum, sum), sum);
      const int32_t pixel = _mm_cvtsi128_si32(sum);
      // A whole word where the next pixel overwrites what is too much.
      uint8_t* to = out[r] + o * channels;
      if (o + 1 < outputs && channels > 2) {
        std::memcpy(to, &pixel, 4);
      } else {
        std::memcpy(to, &pixel, static_cast<std::size_t>(channels));
      }
    }
  }
}

__attribute__((target("avx2"))) int64_t vertical_avx2(const uint8_t* in, int64_t stride,
                                                      std::span<const int32_t> weights,
                                                      int64_t bytes, uint8_t* out) {
  constexpr int64_t kBlock = 32;
  const __m256i zero = _mm256_setzero_si256();
  const auto taps = static_cast<int64_t>(weights.size());
  int64_t x = 0;
  for (; x + kBlock <= bytes; x += kBlock) {
    std::array<__m256i, 4> low;
    std::array<__m256i, 4> high;
    low.fill(zero);
    high.fill(zero);
    for (int64_t t = 0; t < taps; t += 2) {
      const bool lone = t + 1 == taps;
      const int32_t first = weights[static_cast<std::size_t>(t)];
      const int32_t second = lone ? 0 : weights[static_cast<std::size_t>(t + 1)];
      constexpr int32_t kLowMask = (1 << kLowBits) - 1;
      const __m256i low_pair = _mm256_set1_epi32((first & kLowMask) | ((second & kLowMask) << 16));
      const __m256i high_pair =
          _mm256_set1_epi32(((first >> kLowBits) & 0xFFFF) |
                            static_cast<int32_t>(static_cast<uint32_t>(second >> kLowBits) << 16U));
      const uint8_t* row = in + t * stride + x;
      const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(row));
      const __m256i b =
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lone ? row : row + stride));
      const __m256i ab_low = _mm256_unpacklo_epi8(a, b);
      const __m256i ab_high = _mm256_unpackhi_epi8(a, b);
      const std::array<__m256i, 4> words = {
          _mm256_unpacklo_epi8(ab_low, zero), _mm256_unpackhi_epi8(ab_low, zero),
          _mm256_unpacklo_epi8(ab_high, zero), _mm256_unpackhi_epi8(ab_high, zero)};
      for (std::size_t i = 0; i < words.size(); ++i) {
        low[i] = _mm256_add_epi32(low[i], _mm256_madd_epi16(words[i], low_pair));
        high[i] = _mm256_add_epi32(high[i], _mm256_madd_epi16(words[i], high_pair));
      }
    }
    const __m256i packed = _mm256_packus_epi16(
        _mm256_packs_epi32(finished(low[0], high[0]), finished(low[1], high[1])),
        _mm256_packs_epi32(finished(low[2], high[2]), finished(low[3], high[3])));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + x), packed);
  }
  return x;
}

bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}

void horizontal_fast(const ByteRows& in, int64_t channels, const FixedAxis& axis, uint8_t* out) {
  const int64_t out_bytes = axis.axis.outputs() * channels;
  const int64_t row_bytes = axis.axis.end() * channels;
  // The last rows may not be read beyond their ends: they are copied to where they may.
  std::vector<uint8_t> padded;
  for (int64_t y = 0; y < in.count; y += 4) {
    const int64_t rows = std::min<int64_t>(4, in.count - y);
    std::array<const uint8_t*, 4> from;
    std::array<uint8_t*, 4> to;
    for (int64_t r = 0; r < rows; ++r) {
      from[static_cast<std::size_t>(r)] = in.row(y + r);
      to[static_cast<std::size_t>(r)] = out + (y + r) * out_bytes;
    }
    if (in.row(y + rows - 1) + row_bytes + kOverread > in.end) {
      padded.assign(static_cast<std::size_t>(rows * (row_bytes + kOverread)), 0);
      for (int64_t r = 0; r < rows; ++r) {
        uint8_t* copy = padded.data() + r * (row_bytes + kOverread);
        std::memcpy(copy, in.row(y + r), static_cast<std::size_t>(row_bytes));
        from[static_cast<std::size_t>(r)] = copy;
      }
    }
    if (rows == 4) {
      horizontal_rows_avx2<4>(from, channels, axis, to);
      continue;
    }
    for (int64_t r = 0; r < rows; ++r) {
      const auto index = static_cast<std::size_t>(r);
      horizontal_rows_avx2<1>({from[index]}, channels, axis, {to[index]});
    }
  }
}

#endif

}  // namespace

FixedAxis::FixedAxis(AxisWeights of) : axis(std::move(of)), weights(fixed_weights(axis)) {
  const int32_t most = *std::ranges::max_element(axis.count);
  groups = (most + kGroup - 1) / kGroup;
  split.resize(static_cast<std::size_t>(axis.outputs() * groups * 2 * kGroup));
  for (int64_t o = 0; o < axis.outputs(); ++o) {
    const int32_t* from = weights.data() + o * axis.taps;
    int16_t* to = split.data() + o * groups * 2 * kGroup;
    for (int32_t t = 0; t < axis.count[static_cast<std::size_t>(o)]; ++t) {
      int16_t* group = to + t / kGroup * 2 * kGroup + t % kGroup;
      group[0] = static_cast<int16_t>(from[t] & ((1 << kLowBits) - 1));
      group[kGroup] = static_cast<int16_t>(from[t] >> kLowBits);
    }
  }
}

void horizontal_pass(const ByteRows& in, int64_t channels, const FixedAxis& axis, uint8_t* out,
                     Kernels kernels) {
#if defined(__x86_64__)
  if (kernels == Kernels::kBest && has_avx2()) return horizontal_fast(in, channels, axis, out);
#else
  static_cast<void>(kernels);
#endif
  const int64_t out_bytes = axis.axis.outputs() * channels;
  for (int64_t y = 0; y < in.count; ++y) {
    horizontal_row(in.row(y), channels, axis, out + y * out_bytes);
  }
}

void vertical_row(const ByteRows& in, int64_t first_row, int64_t bytes, const FixedAxis& axis,
                  int64_t output, uint8_t* out, Kernels kernels) {
  const auto at = static_cast<std::size_t>(output);
  const uint8_t* from = in.row(axis.axis.first[at] - first_row);
  const std::span<const int32_t> weights(axis.weights.data() + output * axis.axis.taps,
                                         static_cast<std::size_t>(axis.axis.count[at]));
  int64_t done = 0;
#if defined(__x86_64__)
  if (kernels == Kernels::kBest && has_avx2()) {
    done = vertical_avx2(from, in.stride, weights, bytes, out);
  }
#else
  static_cast<void>(kernels);
#endif
  vertical_bytes(from, in.stride, weights, done, bytes, out);
}

}  // namespace relata::io
