#include "relata/io/gguf_values.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "relata/base/error.h"
#include "relata/base/parallel.h"
#include "relata/io/half.h"
#include "relata/io/little_endian.h"
#include "relata/io/utf8.h"

// A fused multiply-add would round once where the public library rounds twice.
#pragma clang fp contract(off)

namespace relata::io {
namespace {

constexpr int kBlock = 32;              // elements of a quantised block
constexpr int kHalfBlock = kBlock / 2;  // bytes of its four-bit numbers
constexpr int64_t kGrain = 1 << 16;     // elements that are worth a thread

/// The number at `at`, whose bytes need not be aligned.
template <typename Number>
Number load(const std::byte* at) {
  Number number{};
  std::memcpy(&number, at, sizeof(Number));
  return number;
}

float load_half(const std::byte* at) { return half_to_float(load<uint16_t>(at)); }

// Each of these writes one block.

void write_f32(const std::byte* block, float* values) { *values = load<float>(block); }
void write_f64(const std::byte* block, float* values) {
  *values = static_cast<float>(load<double>(block));
}
void write_f16(const std::byte* block, float* values) { *values = load_half(block); }
void write_bf16(const std::byte* block, float* values) {
  *values = bfloat_to_float(load<uint16_t>(block));
}

/// value = d · q: d is a half, q are 32 signed bytes.
void write_q8_0(const std::byte* block, float* values) {
  const float d = load_half(block);
  const std::byte* q = block + 2;
  for (int i = 0; i < kBlock; ++i)
    values[i] = d * static_cast<float>(std::to_integer<int8_t>(q[i]));
}

/// value = d · (q − 8): four bits each; the lower halves of the bytes are the first 16 numbers, the
/// upper halves the others.
void write_q4_0(const std::byte* block, float* values) {
  const float d = load_half(block);
  const std::byte* q = block + 2;
  for (int i = 0; i < kHalfBlock; ++i) {
    const int pair = std::to_integer<int>(q[i]);
    values[i] = d * static_cast<float>((pair & 15) - 8);
    values[i + kHalfBlock] = d * static_cast<float>((pair >> 4) - 8);
  }
}

/// value = d · q + m, in the same order.
void write_q4_1(const std::byte* block, float* values) {
  const float d = load_half(block);
  const float m = load_half(block + 2);
  const std::byte* q = block + 4;
  for (int i = 0; i < kHalfBlock; ++i) {
    const int pair = std::to_integer<int>(q[i]);
    values[i] = d * static_cast<float>(pair & 15) + m;
    values[i + kHalfBlock] = d * static_cast<float>(pair >> 4) + m;
  }
}

using WriteBlock = void(const std::byte*, float*);

/// The blocks of `bytes`, `kBytes` and `kElements` each; inlined, so that the loop is vectorised.
template <WriteBlock write, int kBytes, int kElements>
void write_blocks(std::span<const std::byte> bytes, std::span<float> values) {
  const auto blocks = static_cast<int64_t>(bytes.size()) / kBytes;
  parallel_for(blocks, std::max<int64_t>(kGrain / kElements, 1), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      write(bytes.data() + i * kBytes, values.data() + i * kElements);
  });
}

struct Converter {
  std::string_view name;
  void (*write)(std::span<const std::byte>, std::span<float>);
};

constexpr std::array kConverters = {
    Converter{"F32", write_blocks<write_f32, 4, 1>},
    Converter{"F16", write_blocks<write_f16, 2, 1>},
    Converter{"BF16", write_blocks<write_bf16, 2, 1>},
    Converter{"F64", write_blocks<write_f64, 8, 1>},
    Converter{"Q4_0", write_blocks<write_q4_0, 18, kBlock>},
    Converter{"Q4_1", write_blocks<write_q4_1, 20, kBlock>},
    Converter{"Q8_0", write_blocks<write_q8_0, 34, kBlock>},
};

const Converter* find_converter(const GgmlType& type) {
  const auto found = std::ranges::find(kConverters, type.name, &Converter::name);
  return found == kConverters.end() ? nullptr : &*found;
}

std::string known_types() {
  std::string names;
  for (const Converter& converter : kConverters)
    names += (names.empty() ? "" : ", ") + std::string(converter.name);
  return names;
}

}  // namespace

bool has_float_values(const GgmlType& type) { return find_converter(type) != nullptr; }

void float_values(const GgufTensor& tensor, std::string_view where, std::span<float> values) {
  const std::string place = std::string(where) + ": tensor " + excerpt(tensor.name);
  const Converter* converter = find_converter(*tensor.type);
  if (converter == nullptr) {
    throw Error({.what = "is " + std::string(tensor.type->name) +
                         ", which is not converted to float32; known are " + known_types(),
                 .where = place,
                 .remedy = "quantise the model to one of these"});
  }
  if (values.size() / tensor.type->block * tensor.type->bytes != tensor.bytes.size() ||
      values.size() % tensor.type->block != 0) {
    throw Error({.what = std::to_string(values.size()) + " values are asked for, but it has " +
                         std::to_string(tensor.bytes.size()) + " bytes of " +
                         std::string(tensor.type->name),
                 .where = place});
  }
  converter->write(tensor.bytes, values);
}

}  // namespace relata::io
