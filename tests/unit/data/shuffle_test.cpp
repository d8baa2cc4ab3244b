#include "relata/data/shuffle.h"

#include <algorithm>
#include <map>
#include <thread>

#include "unit/data/support.h"

namespace relata::data {
namespace {

using testing::ElementsAre;

std::vector<int64_t> sorted(std::vector<int64_t> values) {
  std::sort(values.begin(), values.end());
  return values;
}

std::vector<int64_t> joined(const std::vector<std::vector<int64_t>>& batches) {
  std::vector<int64_t> all;
  for (const auto& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
  return all;
}

std::vector<int64_t> counted(int64_t size) {
  std::vector<int64_t> numbers;
  for (int64_t i = 0; i < size; ++i) numbers.push_back(i);
  return numbers;
}

TEST(Shuffled, IsAPermutation) {
  for (const int64_t size : {0, 1, 2, 100}) {
    EXPECT_EQ(sorted(shuffled(size, {.seed = 5})), counted(size));
  }
  EXPECT_NE(shuffled(100, {.seed = 5}), counted(100));
}

TEST(Shuffled, IsAFunctionOfItsKey) {
  const ShuffleKey key{.seed = 5, .stream = kOrderStream, .epoch = 2};
  EXPECT_EQ(shuffled(50, key), shuffled(50, key));
  EXPECT_NE(shuffled(50, key), shuffled(50, {.seed = 6, .stream = kOrderStream, .epoch = 2}));
  EXPECT_NE(shuffled(50, key), shuffled(50, {.seed = 5, .stream = kSplitStream, .epoch = 2}));
  EXPECT_NE(shuffled(50, key), shuffled(50, {.seed = 5, .stream = kOrderStream, .epoch = 3}));
}

TEST(Shuffled, GivesEachOrderEquallyOften) {
  std::map<std::vector<int64_t>, int> times;
  constexpr int kDraws = 6000;
  for (uint64_t seed = 0; seed < kDraws; ++seed) ++times[shuffled(3, {.seed = seed})];
  ASSERT_EQ(times.size(), 6);
  for (const auto& [order, count] : times) EXPECT_NEAR(count, 1000, 150);  // 5 standard deviations
}

TEST(EpochBatches, CoverEveryRowOnce) {
  const auto batches = epoch_batches(10, 0, {.batch = 4, .seed = 1});
  ASSERT_EQ(batches.size(), 3);
  EXPECT_EQ(batches[0].size(), 4);
  EXPECT_EQ(batches[1].size(), 4);
  EXPECT_EQ(batches[2].size(), 2);
  EXPECT_EQ(sorted(joined(batches)), counted(10));
  EXPECT_NE(joined(batches), joined(epoch_batches(10, 1, {.batch = 4, .seed = 1})));
  EXPECT_EQ(joined(batches), joined(epoch_batches(10, 0, {.batch = 3, .seed = 1})));
}

TEST(EpochBatches, DropTheLastOneIfItIsShort) {
  using Last = SamplerOptions::Last;
  const auto batches = epoch_batches(10, 0, {.batch = 4, .last = Last::kDrop});
  ASSERT_EQ(batches.size(), 2);
  EXPECT_EQ(batches[1].size(), 4);
  EXPECT_EQ(epoch_batches(8, 0, {.batch = 4, .last = Last::kDrop}).size(), 2);
  EXPECT_EQ(epoch_batches(4, 0, {.batch = 4, .last = Last::kDrop}).size(), 1);
}

TEST(EpochBatches, KeepTheOrderOfTheFile) {
  const SamplerOptions options{.batch = 2, .order = SamplerOptions::Order::kFile};
  EXPECT_THAT(epoch_batches(3, 7, options), ElementsAre(ElementsAre(0, 1), ElementsAre(2)));
}

TEST(EpochBatches, MakeOneBatchOfAllRows) {
  EXPECT_EQ(epoch_batches(5, 0, {.batch = 0}).size(), 1);
  EXPECT_EQ(epoch_batches(5, 0, {.batch = 0, .last = SamplerOptions::Last::kDrop}).size(), 1);
  EXPECT_EQ(epoch_batches(5, 0, {.batch = 9}).front().size(), 5);
}

TEST(EpochBatches, RefuseWhatGivesNone) {
  EXPECT_THAT([] { epoch_batches(3, 0, {.batch = 4, .last = SamplerOptions::Last::kDrop}); },
              fails_with("3 rows give no batch of 4"));
  EXPECT_THAT([] { epoch_batches(0, 0, {}); }, fails_with("0 rows give no batch"));
  EXPECT_THAT([] { epoch_batches(3, 0, {.batch = -1}); }, fails_with("the batch has -1 rows"));
}

TEST(BatchSequence, IsTheEpochsInARowWhoeverAsks) {
  const SamplerOptions options{.batch = 3, .seed = 4};
  BatchSequence sequence(10, options);
  ASSERT_EQ(sequence.per_epoch(), 4);
  std::vector<std::vector<std::vector<int64_t>>> got(4);
  std::vector<std::thread> threads;
  for (int64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int64_t i = t; i < 40; i += 4) {
        got[static_cast<size_t>(t)].push_back(sequence.rows(i / 4, i % 4));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int64_t epoch = 0; epoch < 10; ++epoch) {
    const auto batches = epoch_batches(10, epoch, options);
    for (size_t number = 0; number < 4; ++number) {
      EXPECT_EQ(got[number][static_cast<size_t>(epoch)], batches[number]);
    }
  }
  EXPECT_EQ(sequence.rows(0, 1), epoch_batches(10, 0, options)[1]);  // an old epoch is dealt again
  EXPECT_THROW(sequence.rows(0, 4), std::out_of_range);
}

}  // namespace
}  // namespace relata::data
