#include "relata/index/scan.h"

#include <ATen/Context.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "relata/base/parallel.h"
#include "relata/index/dot.h"

namespace relata::index {
namespace {

using ::testing::SizeIs;

/// Unit vectors in several segments, some of them small, and queries.
struct Example {
  Example(int64_t items, int64_t queries, int64_t width, uint32_t seed = 1)
      : items_count(items), dimension(width) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    vectors.resize(static_cast<size_t>(items * width));
    query_values.resize(static_cast<size_t>(queries * width));
    for (auto* values : {&vectors, &query_values}) {
      for (float& x : *values) x = normal(random);
      for (size_t i = 0; i < values->size(); i += static_cast<size_t>(width))
        normalise(std::span(*values).subspan(i, static_cast<size_t>(width)));
    }
  }

  void repeat(int64_t from, int64_t to) {
    std::copy_n(vectors.begin() + from * dimension, dimension, vectors.begin() + to * dimension);
  }

  ScanInput input(ScanPrecision precision = ScanPrecision::kFp32) {
    rounded.clear();
    for (const float x : vectors) rounded.push_back(to_bfloat(x));
    segments.clear();
    int64_t first = 0;
    for (int64_t count = 1; first < items_count; first += count, count = 3 * count + 1) {
      count = std::min(count, items_count - first);
      segments.push_back({.first = first,
                          .count = count,
                          .vectors = vectors.data() + first * dimension,
                          .rounded = rounded.data() + first * dimension});
    }
    return {.segments = segments, .width = dimension, .allowed = allowed, .precision = precision};
  }

  /// By sorting all scores in double.
  std::vector<Hit> reference(int64_t query, int64_t k, const Blend& blend = {}) const {
    std::vector<Hit> all;
    for (int64_t i = 0; i < items_count; ++i) {
      if (!allowed.empty() && allowed[static_cast<size_t>(i)] == 0) continue;
      double score = 0;
      for (int64_t j = 0; j < dimension; ++j) {
        score += static_cast<double>(vectors[static_cast<size_t>(i * dimension + j)]) *
                 query_values[static_cast<size_t>(query * dimension + j)];
      }
      score *= blend.vector_weight;
      if (!blend.addend.empty()) score += blend.addend[static_cast<size_t>(i)];
      all.push_back({.number = i, .score = score});
    }
    std::ranges::stable_sort(all, std::ranges::greater{}, &Hit::score);
    all.resize(std::min(all.size(), static_cast<size_t>(k)));
    return all;
  }

  int64_t items_count;
  int64_t dimension;
  std::vector<float> vectors;
  std::vector<float> query_values;
  std::vector<uint16_t> rounded;
  std::vector<uint8_t> allowed;
  std::vector<Segment> segments;
};

void expect_same(const std::vector<Hit>& found, const std::vector<Hit>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].number, expected[i].number) << i;
    EXPECT_NEAR(found[i].score, expected[i].score, 1e-12);
  }
}

void expect_exact(Example& example, int64_t queries, int64_t k) {
  for (const ScanPrecision precision : {ScanPrecision::kFp32, ScanPrecision::kBf16}) {
    const auto found = scan(example.input(precision), example.query_values, k);
    ASSERT_THAT(found, SizeIs(queries));
    for (int64_t q = 0; q < queries; ++q)
      expect_same(found[static_cast<size_t>(q)], example.reference(q, k));
  }
}

TEST(Scan, FindsWhatSortingFinds) {
  Example example(3000, 9, 45);
  expect_exact(example, 9, 10);
}

TEST(Scan, OneQueryFindsTheSame) {
  Example example(3000, 1, 45);
  expect_exact(example, 1, 10);
}

TEST(Scan, WorksForAnyKAndWidth) {
  Example narrow(700, 6, 1);
  expect_exact(narrow, 6, 25);
  Example wide(200, 5, 517);
  expect_exact(wide, 5, 200);
  Example few(3, 5, 33);
  expect_exact(few, 5, 10);
  Example single(50, 2, 8);
  expect_exact(single, 2, 1);
}

TEST(Scan, ScoresThatAreCloserThanRoundingAreOrdered) {
  // All items lie so near each other that neither float nor bfloat16 can tell them apart.
  Example example(3000, 7, 64);
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  for (int64_t i = 1; i < 3000; ++i) {
    example.repeat(0, i);
    auto vector = std::span(example.vectors).subspan(static_cast<size_t>(i * 64), 64);
    for (float& x : vector) x += 1e-6F * normal(random);
    normalise(vector);
  }
  expect_exact(example, 7, 10);
}

TEST(Scan, TiesAreInTheOrderOfTheItems) {
  Example example(4000, 6, 32);
  const auto best = example.reference(0, 1).front().number;
  for (int64_t i = 0; i < 4000; i += 2) example.repeat(best, i);  // of equal ones, the first ten
  for (const int64_t queries : {1, 6}) {
    const auto some = std::span(example.query_values).first(static_cast<size_t>(queries * 32));
    for (const ScanPrecision precision : {ScanPrecision::kFp32, ScanPrecision::kBf16}) {
      const auto found = scan(example.input(precision), some, 10);
      expect_same(found[0], example.reference(0, 10));
    }
  }
}

TEST(Scan, FindsAllowedItemsAlone) {
  Example example(5000, 6, 24);
  for (const int64_t each : {2, 3, 50}) {  // scored in place, and brought together
    for (const bool most : {true, false}) {
      example.allowed.assign(5000, most ? 1 : 0);
      for (size_t i = 0; i < 5000; i += static_cast<size_t>(each)) example.allowed[i] ^= 1;
      expect_exact(example, 6, 20);
    }
  }
  example.allowed.assign(5000, 0);
  expect_exact(example, 6, 20);
  example.allowed[4321] = 2;
  expect_exact(example, 6, 20);
}

TEST(Scan, AddsWhatIsToBeAdded) {
  Example example(3000, 6, 24);
  std::mt19937 random(9);
  std::vector<std::vector<double>> addends(6, std::vector<double>(3000, 0.0));
  for (auto& addend : addends) {
    for (int i = 0; i < 40; ++i) addend[random() % 3000] = 0.3 * (random() % 1000) / 1000.0;
  }
  std::vector<Blend> blends;
  for (const auto& addend : addends) blends.push_back({.vector_weight = 0.7, .addend = addend});
  for (const int64_t queries : {1, 6}) {
    for (const ScanPrecision precision : {ScanPrecision::kFp32, ScanPrecision::kBf16}) {
      const auto some = std::span(example.query_values).first(static_cast<size_t>(queries * 24));
      const auto found = scan(example.input(precision), some, 10,
                              std::span(blends).first(static_cast<size_t>(queries)));
      for (size_t q = 0; q < found.size(); ++q)
        expect_same(found[q], example.reference(static_cast<int64_t>(q), 10, blends[q]));
    }
  }
}

TEST(Scan, DoesNotDependOnThreadsOrBatch) {
  Example example(6000, 600, 40);  // more than one pass of queries
  const auto all = scan(example.input(), example.query_values, 5);
  const int before = threads();
  set_threads(1);
  const auto serial = scan(example.input(), example.query_values, 5);
  set_threads(before);
  for (size_t q = 0; q < 600; ++q) {
    ASSERT_EQ(all[q].size(), 5U);
    for (size_t i = 0; i < 5; ++i) {
      ASSERT_EQ(all[q][i].number, serial[q][i].number);
      ASSERT_EQ(all[q][i].score, serial[q][i].score);
    }
    if (q % 50 != 0) continue;
    const auto alone =
        scan(example.input(), std::span(example.query_values).subspan(q * 40, 40), 5);
    for (size_t i = 0; i < 5; ++i) {
      EXPECT_EQ(alone[0][i].number, all[q][i].number);
      EXPECT_EQ(alone[0][i].score, all[q][i].score);
    }
  }
}

TEST(Scan, StaysExactWherePyTorchMayRoundMatrices) {
  Example example(3000, 9, 45);
  at::globalContext().setFloat32MatmulPrecision("medium");
  const auto found = scan(example.input(), example.query_values, 10);
  at::globalContext().setFloat32MatmulPrecision("highest");
  for (size_t q = 0; q < 9; ++q)
    expect_same(found[q], example.reference(static_cast<int64_t>(q), 10));
}

TEST(Dot, FastOnesAreNear) {
  for (const int64_t width : {1, 7, 8, 31, 32, 33, 100, 517}) {
    Example example(5, 1, width);
    std::vector<float> fast(5);
    std::vector<float> faster(5);
    const ScanInput input = example.input();
    dots(example.query_values.data(), example.vectors.data(), 5, width, fast.data());
    dots(example.query_values.data(), example.rounded.data(), 5, width, faster.data());
    for (size_t i = 0; i < 5; ++i) {
      const double exact =
          exact_dot(example.query_values.data(),
                    example.vectors.data() + static_cast<int64_t>(i) * width, width);
      EXPECT_NEAR(fast[i], exact, 1e-6);
      EXPECT_NEAR(faster[i], exact, 1.0 / 256);
    }
    (void)input;
  }
}

TEST(Dot, BfloatsAreTheNearest) {
  EXPECT_EQ(to_bfloat(1.0F), 0x3F80);
  EXPECT_EQ(to_bfloat(-2.5F), 0xC020);
  EXPECT_EQ(to_bfloat(1.0F + 1.0F / 256), 0x3F80);  // a tie goes to the even one
  EXPECT_EQ(to_bfloat(1.0F + 3.0F / 256), 0x3F82);  // up, too
  EXPECT_EQ(to_bfloat(1.0F + 1.01F / 256), 0x3F81);
  EXPECT_EQ(to_bfloat(0.0F), 0);
}

TEST(Dot, NormalisesToLengthOne) {
  std::vector<float> vector{3, 0, -4};
  EXPECT_TRUE(normalise(vector));
  EXPECT_FLOAT_EQ(vector[0], 0.6F);
  EXPECT_FLOAT_EQ(vector[2], -0.8F);
  std::vector<float> large{3e38F, 0, -3e38F};
  EXPECT_TRUE(normalise(large));
  EXPECT_FLOAT_EQ(large[0], std::sqrt(0.5F));
  std::vector<float> zero{0, 0};
  EXPECT_FALSE(normalise(zero));
  std::vector<float> infinite{1, INFINITY};
  EXPECT_FALSE(normalise(infinite));
  std::vector<float> nan{1, NAN};
  EXPECT_FALSE(normalise(nan));
  EXPECT_EQ(nan[0], 1);
}

}  // namespace
}  // namespace relata::index
