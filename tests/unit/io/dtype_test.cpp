#include "relata/io/dtype.h"

#include <limits>
#include <map>

#include "unit/io/support.h"

namespace relata::io {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

TEST(DType, EveryNameLeadsBackToItsType) {
  EXPECT_EQ(all_dtypes().size(), 22U);
  for (const DType dtype : all_dtypes()) EXPECT_EQ(dtype_from_name(dtype_name(dtype)), dtype);
  EXPECT_EQ(dtype_from_name("F31"), std::nullopt);
  EXPECT_EQ(dtype_from_name("f32"), std::nullopt);
}

TEST(DType, BitsAreThoseOfTheFormat) {
  const std::map<std::string_view, int> expected = {
      {"BOOL", 8},        {"F4", 4},   {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},
      {"I8", 8},          {"F16", 16}, {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8},
      {"F8_E4M3FNUZ", 8}, {"I16", 16}, {"U16", 16},    {"BF16", 16},   {"F8_E5M2FNUZ", 8},
      {"I32", 32},        {"U32", 32}, {"F32", 32},    {"C64", 64},    {"F64", 64},
      {"I64", 64},        {"U64", 64}};
  for (const DType dtype : all_dtypes()) {
    EXPECT_EQ(dtype_bits(dtype), expected.at(dtype_name(dtype))) << dtype_name(dtype);
  }
}

TEST(Shape, CountsElementsAndBytes) {
  EXPECT_EQ(byte_count(DType::kF32, {}, ""), 4);
  EXPECT_EQ(byte_count(DType::kBF16, std::vector<int64_t>{3, 5}, ""), 30);
  EXPECT_EQ(byte_count(DType::kF64, std::vector<int64_t>{7, 0, 2}, ""), 0);
  EXPECT_EQ(byte_count(DType::kF6E2M3, std::vector<int64_t>{2, 4}, ""), 6);
  EXPECT_EQ(element_count(std::vector<int64_t>{kMost}, ""), kMost);
}

TEST(Shape, RefusesWhatDoesNotFitInto63Bits) {
  EXPECT_THAT([] { element_count(std::vector<int64_t>{kMost, 2}, "m: t"); },
              fails_with("m: t: shape [9223372036854775807, 2] has more than 2^63"));
  EXPECT_THAT([] { byte_count(DType::kF32, std::vector<int64_t>{kMost / 2}, "m"); },
              fails_with("more than 2^63"));
  EXPECT_THAT([] { element_count(std::vector<int64_t>{0, kMost, 2}, "m"); },
              fails_with("more than 2^63"));
  EXPECT_THAT([] { element_count(std::vector<int64_t>{2, -1}, "m"); },
              fails_with("m: shape [2, -1] has a negative axis"));
}

TEST(Shape, RefusesPackedElementsThatLeaveBitsOver) {
  EXPECT_THAT([] { byte_count(DType::kF4, std::vector<int64_t>{3}, "m"); },
              fails_with("shape [3] of F4 is 12 bits, expected whole bytes"));
}

}  // namespace
}  // namespace relata::io
