#include "relata/index/dot.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "relata/io/half.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace relata::index {
namespace {

constexpr int64_t kLanes = 8;

using Dots = void (*)(const float*, const float*, int64_t, int64_t, float*);
using BfloatDots = void (*)(const float*, const uint16_t*, int64_t, int64_t, float*);

float load(float value) { return value; }
float load(uint16_t value) { return io::bfloat_to_float(value); }

template <typename T>
void plain_dots(const float* query, const T* rows, int64_t count, int64_t width, float* out) {
  for (int64_t row = 0; row < count; ++row, rows += width) {
    float sums[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= width; i += kLanes) {
      for (int64_t lane = 0; lane < kLanes; ++lane)
        sums[lane] += query[i + lane] * load(rows[i + lane]);
    }
    float sum = 0;
    for (; i < width; ++i) sum += query[i] * load(rows[i]);
    for (const float lane : sums) sum += lane;
    out[row] = sum;
  }
}

#if defined(__x86_64__)

__attribute__((target("avx512f"))) inline __m512 wide(const float* from) {
  return _mm512_loadu_ps(from);
}

__attribute__((target("avx512f"))) inline __m512 wide(const uint16_t* from) {
  const __m256i half = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}

/// Two rows at a time, two sums each: enough to wait for memory alone.
template <typename T>
__attribute__((target("avx512f"))) void avx512_dots(const float* query, const T* rows,
                                                    int64_t count, int64_t width, float* out) {
  constexpr int64_t kStep = 32;
  const int64_t whole = width / kStep * kStep;
  const auto rest = [&](const T* row) {
    float sum = 0;
    for (int64_t i = whole; i < width; ++i) sum += query[i] * load(row[i]);
    return sum;
  };
  int64_t row = 0;
  for (; row + 2 <= count; row += 2) {
    const T* a = rows + row * width;
    const T* b = a + width;
    __m512 sums[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(),
                      _mm512_setzero_ps()};
    for (int64_t i = 0; i < whole; i += kStep) {
      const __m512 low = _mm512_loadu_ps(query + i);
      const __m512 high = _mm512_loadu_ps(query + i + 16);
      sums[0] = _mm512_fmadd_ps(low, wide(a + i), sums[0]);
      sums[1] = _mm512_fmadd_ps(high, wide(a + i + 16), sums[1]);
      sums[2] = _mm512_fmadd_ps(low, wide(b + i), sums[2]);
      sums[3] = _mm512_fmadd_ps(high, wide(b + i + 16), sums[3]);
    }
    out[row] = _mm512_reduce_add_ps(_mm512_add_ps(sums[0], sums[1])) + rest(a);
    out[row + 1] = _mm512_reduce_add_ps(_mm512_add_ps(sums[2], sums[3])) + rest(b);
  }
  plain_dots(query, rows + row * width, count - row, width, out + row);
}

bool has_avx512() {
  static const bool has = __builtin_cpu_supports("avx512f") != 0;
  return has;
}

#endif

}  // namespace

double exact_dot(const float* a, const float* b, int64_t width) {
  double sums[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane)
      sums[lane] += static_cast<double>(a[i + lane]) * b[i + lane];
  }
  double sum = 0;
  for (; i < width; ++i) sum += static_cast<double>(a[i]) * b[i];
  for (const double lane : sums) sum += lane;
  return sum;
}

void dots(const float* query, const float* rows, int64_t count, int64_t width, float* out) {
#if defined(__x86_64__)
  if (has_avx512()) return avx512_dots(query, rows, count, width, out);
#endif
  plain_dots(query, rows, count, width, out);
}

void dots(const float* query, const uint16_t* rows, int64_t count, int64_t width, float* out) {
#if defined(__x86_64__)
  if (has_avx512()) return avx512_dots(query, rows, count, width, out);
#endif
  plain_dots(query, rows, count, width, out);
}

uint16_t to_bfloat(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  // Half of the last place that stays, less one if that place is even.
  return static_cast<uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

bool normalise(std::span<float> vector) {
  double squares = 0;
  for (const float x : vector) squares += static_cast<double>(x) * x;
  const double length = std::sqrt(squares);
  if (!(length > 0) || !std::isfinite(length)) return false;
  for (float& x : vector) x = static_cast<float>(x / length);
  return true;
}

}  // namespace relata::index
