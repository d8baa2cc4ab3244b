#include "relata/io/gguf_values.h"

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "relata/base/parallel.h"
#include "relata/io/half.h"
#include "unit/io/support.h"
#include "unit/io/zip_builder.h"  // le16, le32, le64

namespace relata::io {
namespace {

using testing::ElementsAre;

std::vector<float> values_of(uint32_t type, const std::string& bytes, std::size_t count) {
  const GgufTensor tensor{.name = "t", .type = find_ggml_type(type), .bytes = bytes_of(bytes)};
  std::vector<float> values(count);
  float_values(tensor, "m", values);
  return values;
}

constexpr uint16_t kTwo = 0x4000;        // 2 as a half
constexpr uint16_t kMinusHalf = 0xB800;  // -0.5

TEST(HalfToFloat, IsRightForEveryNumber) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const float value = half_to_float(static_cast<uint16_t>(bits));
    const int exponent = static_cast<int>(bits >> 10 & 31);
    const auto fraction = static_cast<double>(bits & 1023);
    if (exponent == 31 && fraction > 0) {
      EXPECT_TRUE(std::isnan(value)) << bits;
      continue;
    }
    const double size = exponent == 31  ? std::numeric_limits<double>::infinity()
                        : exponent == 0 ? std::ldexp(fraction, -24)
                                        : std::ldexp(1024 + fraction, exponent - 25);
    const double expected = bits < 32768 ? size : -size;
    EXPECT_EQ(std::bit_cast<uint32_t>(value), std::bit_cast<uint32_t>(static_cast<float>(expected)))
        << bits;
  }
}

TEST(FloatValues, ConvertsPlainNumbers) {
  EXPECT_THAT(values_of(0, le32(0x3F800000) + le32(0xBF000000), 2), ElementsAre(1.0F, -0.5F));
  EXPECT_THAT(values_of(1, le16(kTwo) + le16(kMinusHalf), 2), ElementsAre(2.0F, -0.5F));
  EXPECT_THAT(values_of(30, le16(0x3F80) + le16(0xC000), 2), ElementsAre(1.0F, -2.0F));
  EXPECT_THAT(values_of(28, le64(std::bit_cast<uint64_t>(0.1)), 1), ElementsAre(0.1F));
}

TEST(FloatValues, MultipliesQ8Out) {
  std::string block = le16(kTwo);
  for (int i = 0; i < 32; ++i) block += static_cast<char>(i * 8 - 128);
  const std::vector<float> values = values_of(8, block, 32);
  for (int i = 0; i < 32; ++i) EXPECT_EQ(values[i], 2.0F * static_cast<float>(i * 8 - 128));
}

/// Bytes with the lower half i and the upper half 15 - i.
std::string nibbles() {
  std::string bytes;
  for (int i = 0; i < 16; ++i) bytes += static_cast<char>(i | (15 - i) << 4);
  return bytes;
}

TEST(FloatValues, MultipliesQ4Out) {
  const std::vector<float> symmetric = values_of(2, le16(kTwo) + nibbles(), 32);
  const std::vector<float> shifted = values_of(3, le16(kTwo) + le16(kMinusHalf) + nibbles(), 32);
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(symmetric[i], static_cast<float>(2 * (i - 8)));
    EXPECT_EQ(symmetric[i + 16], static_cast<float>(2 * (15 - i - 8)));
    EXPECT_EQ(shifted[i], static_cast<float>(2 * i) - 0.5F);
    EXPECT_EQ(shifted[i + 16], static_cast<float>(2 * (15 - i)) - 0.5F);
  }
}

TEST(FloatValues, RoundsTheProductBeforeTheSum) {
  // A third as a half, times 7, is no float: a fused multiply-add would give another last place.
  const uint16_t third = 0x3555;
  const uint16_t small = 0x0001;
  const float d = half_to_float(third);
  const volatile float product = d * 7.0F;
  std::string q(16, '\x77');
  EXPECT_EQ(values_of(3, le16(third) + le16(small) + q, 32)[0], product + half_to_float(small));
}

TEST(FloatValues, GivesTheSameOnAnyNumberOfThreads) {
  std::string bytes;
  const int blocks = 10'001;
  for (int i = 0; i < blocks; ++i) {
    bytes += le16(static_cast<uint64_t>(i));
    for (int j = 0; j < 32; ++j) bytes += static_cast<char>(i * 7 + j);
  }
  const int before = threads();
  set_threads(1);
  const std::vector<float> alone = values_of(8, bytes, blocks * 32);
  set_threads(4);
  const std::vector<float> together = values_of(8, bytes, blocks * 32);
  set_threads(before);
  EXPECT_EQ(alone, together);
  EXPECT_EQ(alone.back(), half_to_float(blocks - 1) *
                              static_cast<float>(static_cast<int8_t>((blocks - 1) * 7 + 31)));
}

TEST(FloatValues, RefusesOtherTypesAndSizes) {
  EXPECT_THAT([] { values_of(12, std::string(144, 'x'), 256); },
              fails_with("m: tensor \"t\": is Q4_K, which is not converted to float32; known are "
                         "F32, F16, BF16, F64, Q4_0, Q4_1, Q8_0"));
  EXPECT_THAT([] { values_of(26, "1234", 1); }, fails_with("is I32"));
  EXPECT_THAT([] { values_of(2, std::string(18, 'x'), 33); }, fails_with("33 values are asked"));
  EXPECT_THAT([] { values_of(2, std::string(18, 'x'), 64); }, fails_with("64 values are asked"));
  EXPECT_TRUE(has_float_values(*find_ggml_type(30)));
  EXPECT_FALSE(has_float_values(*find_ggml_type(12)));
}

}  // namespace
}  // namespace relata::io
