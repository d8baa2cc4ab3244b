#include "relata/base/counter_rng.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace relata {
namespace {

// Known answers published with Random123 (kat_vectors, philox4x32 10).
TEST(Philox, EqualsTheKnownAnswers) {
  EXPECT_EQ(philox4x32_10({0, 0, 0, 0}, {0, 0}),
            (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox4x32_10({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},  // the digits of π
                          {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(CounterRng, DrawsTheBlocksOfItsKeyInOrder) {
  CounterRng rng(0);
  EXPECT_EQ(rng.next_u64(), 0xe169c58d6627e8d5);
  EXPECT_EQ(rng.next_u64(), 0x9b00dbd8bc57ac4c);
  const PhiloxCounter second = philox4x32_10({1, 0, 0, 0}, {0, 0});
  EXPECT_EQ(rng.next_u64(), uint64_t{second[1]} << 32 | second[0]);
}

TEST(CounterRng, StreamsWithDifferentNamesDiffer) {
  std::set<uint64_t> first;
  for (uint64_t a = 0; a < 100; ++a) {
    first.insert(CounterRng(7, a).next_u64());
    for (uint64_t b = 0; b < 100; ++b) first.insert(CounterRng(7, a, b).next_u64());
  }
  EXPECT_EQ(first.size(), 100u + 100u * 100u);
}

TEST(CounterRng, TheSameNameGivesTheSameNumbers) {
  CounterRng a(3, 1, 4);
  CounterRng b(3, 1, 4);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.next_u64(), b.next_u64());
}

TEST(CounterRng, UniformHasTheMeanAndVarianceOfTheUnitInterval) {
  CounterRng rng(1);
  constexpr int kDraws = 200'000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = rng.uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
    squares += u * u;
  }
  // Five standard errors: 0.2887 / √200,000 and 0.2981 / √200,000.
  EXPECT_NEAR(sum / kDraws, 0.5, 0.0033);
  EXPECT_NEAR(squares / kDraws, 1.0 / 3, 0.0034);
}

TEST(CounterRng, BelowIsUniform) {
  CounterRng rng(2);
  constexpr int kDraws = 120'000;
  std::array<double, 12> counts{};
  for (int i = 0; i < kDraws; ++i) ++counts.at(rng.below(counts.size()));
  double chi_square = 0;
  for (const double count : counts) chi_square += (count - 10'000) * (count - 10'000) / 10'000;
  EXPECT_LT(chi_square, 31.3);  // 99.9 % quantile with 11 degrees of freedom
}

TEST(CounterRng, BelowHoldsItsBoundAtTheEnds) {
  CounterRng rng(5);
  constexpr uint64_t kHalf = uint64_t{1} << 63;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(rng.below(1), 0u);
    EXPECT_LT(rng.below(2), 2u);
    EXPECT_LT(rng.below(kHalf), kHalf);
    EXPECT_LT(rng.below(kHalf + 1), kHalf + 1);
    EXPECT_LT(rng.below(UINT64_MAX), UINT64_MAX);
  }
}

}  // namespace
}  // namespace relata
