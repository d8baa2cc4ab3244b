#include "relata/nn/few_rows.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "relata/base/error.h"
#include "relata/base/parallel.h"
#include "relata/io/dtype.h"

namespace relata::nn {
namespace {

using torch::Tensor;

// Bytes of weights that are worth a thread of their own.
constexpr int64_t kBytesAThread = 1 << 18;

// How far ahead weights are asked for, in bytes: the processor's own prefetching ends with the
// page.
constexpr int64_t kAhead = 8192;

// Vectors in the compiler's own notation: one register where the processor has such wide ones, else
// several.
constexpr int64_t kLanes = 16;
using Floats = float __attribute__((vector_size(kLanes * sizeof(float))));
using Shorts = uint16_t __attribute__((vector_size(kLanes * sizeof(uint16_t))));
using Words = uint32_t __attribute__((vector_size(kLanes * sizeof(uint32_t))));

inline float widen(float value) { return value; }
inline float widen(c10::BFloat16 value) {
  return std::bit_cast<float>(static_cast<uint32_t>(value.x) << 16);
}

// Into a reference: how such a vector is returned depends on the processor that code is compiled
// for.
[[gnu::always_inline]] inline void load(const float* from, Floats& into) {
  std::memcpy(&into, from, sizeof(into));
}
[[gnu::always_inline]] inline void load(const c10::BFloat16* from, Floats& into) {
  Shorts halves;
  std::memcpy(&halves, from, sizeof(halves));
  const Words words = __builtin_convertvector(halves, Words) << 16;
  std::memcpy(&into, &words, sizeof(into));
}

/// Σ_i w[o][i] x[r][i] of some outputs o and each of the rows r; w is [outputs, width], x is
/// [rows, width]. Several outputs at once are several streams from memory, and sums that do not
/// wait for each other.
template <int kRows, int kOutputs, class Weight>
[[gnu::always_inline]] inline void dot(const Weight* w, const float* x, int64_t width,
                                       float (&sums)[kOutputs][kRows]) {
  Floats lanes[kOutputs][kRows] = {};
  int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) {
#pragma unroll
    for (int o = 0; o < kOutputs; ++o) {
      __builtin_prefetch(reinterpret_cast<const char*>(w + o * width + i) + kAhead);
      Floats weights;
      load(w + o * width + i, weights);
#pragma unroll
      for (int r = 0; r < kRows; ++r) {
        Floats values;
        load(x + r * width + i, values);
        lanes[o][r] += weights * values;
      }
    }
  }
#pragma unroll
  for (int o = 0; o < kOutputs; ++o) {
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      float sum = 0;
      for (int64_t j = 0; j < kLanes; ++j) sum += lanes[o][r][j];
      for (int64_t j = i; j < width; ++j) sum += widen(w[o * width + j]) * x[r * width + j];
      sums[o][r] = sum;
    }
  }
}

template <class Weight>
struct Product {
  const float* x;  ///< [rows, width]
  const Weight* weight;
  const Weight* bias;  ///< or null
  Weight* out;         ///< [rows, outputs]
  int64_t width;
  int64_t outputs;
};

template <int kRows, int kOutputs, class Weight>
[[gnu::always_inline]] inline void some_outputs(const Product<Weight>& p, int64_t first) {
  float sums[kOutputs][kRows];
  dot<kRows, kOutputs>(p.weight + first * p.width, p.x, p.width, sums);
  for (int o = 0; o < kOutputs; ++o) {
    const float bias = p.bias == nullptr ? 0.0F : widen(p.bias[first + o]);
    for (int r = 0; r < kRows; ++r)
      p.out[r * p.outputs + first + o] = static_cast<Weight>(sums[o][r] + bias);
  }
}

template <int kRows, class Weight>
[[gnu::always_inline]] inline void outputs(const Product<Weight>& p, int64_t begin, int64_t end) {
  constexpr int kOutputs = kRows <= 2 ? 4 : 2;
  int64_t o = begin;
  for (; o + kOutputs <= end; o += kOutputs) some_outputs<kRows, kOutputs>(p, o);
  for (; o < end; ++o) some_outputs<kRows, 1>(p, o);
}

// The same loop for three generations of processors; the compiler makes vectors of its width.
template <int kRows, class Weight>
void outputs_plain(const Product<Weight>& p, int64_t begin, int64_t end) {
  outputs<kRows>(p, begin, end);
}
#if defined(__x86_64__)
template <int kRows, class Weight>
__attribute__((target("avx2,fma"))) void outputs_avx2(const Product<Weight>& p, int64_t begin,
                                                      int64_t end) {
  outputs<kRows>(p, begin, end);
}
template <int kRows, class Weight>
__attribute__((target("avx512f,avx512bw,avx512vl,fma"))) void outputs_avx512(
    const Product<Weight>& p, int64_t begin, int64_t end) {
  outputs<kRows>(p, begin, end);
}
#endif

template <class Weight>
using Outputs = void (*)(const Product<Weight>&, int64_t, int64_t);

template <int kRows, class Weight>
Outputs<Weight> best_outputs() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
    return outputs_avx512<kRows, Weight>;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return outputs_avx2<kRows, Weight>;
#endif
  return outputs_plain<kRows, Weight>;
}

template <class Weight>
Outputs<Weight> outputs_for(int64_t rows) {
  static const std::array<Outputs<Weight>, kFewRows> kBest{
      best_outputs<1, Weight>(), best_outputs<2, Weight>(), best_outputs<3, Weight>(),
      best_outputs<4, Weight>(), best_outputs<5, Weight>(), best_outputs<6, Weight>(),
      best_outputs<7, Weight>(), best_outputs<8, Weight>()};
  return kBest.at(static_cast<size_t>(rows - 1));
}

template <class Weight>
void run(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out, int64_t rows) {
  const Tensor wide = x.to(torch::kFloat32);
  const Product<Weight> product{.x = wide.const_data_ptr<float>(),
                                .weight = weight.const_data_ptr<Weight>(),
                                .bias = bias.defined() ? bias.const_data_ptr<Weight>() : nullptr,
                                .out = out.mutable_data_ptr<Weight>(),
                                .width = weight.size(1),
                                .outputs = weight.size(0)};
  const Outputs<Weight> best = outputs_for<Weight>(rows);
  const auto row_bytes = product.width * static_cast<int64_t>(sizeof(Weight));
  parallel_for(product.outputs,
               std::max<int64_t>(1, kBytesAThread / std::max<int64_t>(1, row_bytes)),
               [&](int64_t begin, int64_t end) { best(product, begin, end); });
}

void check(const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t rows) {
  const bool fits = weight.dim() == 2 && weight.is_contiguous() && x.dim() > 0 &&
                    x.size(-1) == weight.size(1) && x.scalar_type() == weight.scalar_type() &&
                    (!bias.defined() || (bias.is_contiguous() && bias.numel() == weight.size(0) &&
                                         bias.scalar_type() == weight.scalar_type())) &&
                    rows <= kFewRows;
  if (fits) return;
  throw Error(
      {.what = fmt::format("a product of {} with weights {}", io::shape_text(x.sizes().vec()),
                           io::shape_text(weight.sizes().vec()))});
}

}  // namespace

Tensor few_rows_linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const int64_t rows = x.dim() > 0 && x.size(-1) > 0 ? x.numel() / x.size(-1) : 0;
  check(x, weight, bias, rows);
  auto shape = x.sizes().vec();
  shape.back() = weight.size(0);
  Tensor out = torch::empty(shape, x.options().requires_grad(false));
  if (out.numel() == 0) return out;
  const Tensor dense = x.detach().contiguous();
  switch (x.scalar_type()) {
    case torch::kFloat32:
      run<float>(dense, weight, bias, out, rows);
      return out;
    case torch::kBFloat16:
      run<c10::BFloat16>(dense, weight, bias, out, rows);
      return out;
    default:
      throw Error({.what = "a product of few rows in neither float32 nor bfloat16"});
  }
}

}  // namespace relata::nn
