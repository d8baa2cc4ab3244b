#include "relata/data/loader.h"

#include <ATen/Parallel.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "unit/data/support.h"

namespace relata::data {
namespace {

Loader::Prepared numbered(int64_t item) {
  Batch batch;
  batch.first_row = item;
  return {batch};
}

std::vector<int64_t> drain(Loader& loader, int64_t count) {
  std::vector<int64_t> items;
  for (int64_t i = 0; i < count; ++i) items.push_back(loader.next().front().first_row);
  return items;
}

class LoaderThreads : public testing::TestWithParam<int64_t> {};

TEST_P(LoaderThreads, DeliverEachItemOnceAndInOrder) {
  constexpr int64_t kItems = 40;
  std::array<std::atomic<int>, kItems> prepared{};
  Loader loader(kItems,
                [&](int64_t item) {
                  ++prepared.at(static_cast<size_t>(item));
                  std::this_thread::sleep_for(std::chrono::microseconds(item * 7919 % 500));
                  return numbered(item);
                },
                {.threads = GetParam(), .prefetch = 5});
  const std::vector<int64_t> items = drain(loader, kItems);
  for (int64_t i = 0; i < kItems; ++i) EXPECT_EQ(items[static_cast<size_t>(i)], i);
  for (const auto& times : prepared) EXPECT_EQ(times, 1);
}

TEST_P(LoaderThreads, RethrowWhereTheItemWasDue) {
  Loader loader(3,
                [](int64_t item) {
                  if (item == 1) throw std::runtime_error("item 1 is broken");
                  return numbered(item);
                },
                {.threads = GetParam(), .prefetch = 3});
  EXPECT_EQ(loader.next().front().first_row, 0);
  EXPECT_THAT([&] { loader.next(); },
              testing::ThrowsMessage<std::runtime_error>("item 1 is broken"));
  EXPECT_EQ(loader.next().front().first_row, 2);
}

TEST_P(LoaderThreads, StopWhenTheLoaderIsDestroyedEarly) {
  std::atomic<int64_t> prepared = 0;
  {
    Loader loader(1000,
                  [&](int64_t item) {
                    ++prepared;
                    return numbered(item);
                  },
                  {.threads = GetParam(), .prefetch = 4});
    loader.next();
  }
  EXPECT_LE(prepared, 1 + 4);
}

INSTANTIATE_TEST_SUITE_P(Loader, LoaderThreads, testing::Values(0, 1, 2, 8));

TEST(Loader, PreparesNoMoreThanItMayHoldReady) {
  std::mutex mutex;
  std::condition_variable changed;
  int64_t started = 0;
  const auto wait_for = [&](int64_t count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(20), [&] { return started >= count; });
  };
  Loader loader(50,
                [&](int64_t item) {
                  const std::lock_guard lock(mutex);
                  ++started;
                  changed.notify_all();
                  return numbered(item);
                },
                {.threads = 4, .prefetch = 3});
  ASSERT_TRUE(wait_for(3));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(started, 3);
  loader.next();
  ASSERT_TRUE(wait_for(4));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(started, 4);
}

TEST(Loader, PreparesWithoutThreadsOnlyWhatIsAskedFor) {
  int64_t prepared = 0;
  const std::thread::id caller = std::this_thread::get_id();
  Loader loader(5,
                [&](int64_t item) {
                  EXPECT_EQ(std::this_thread::get_id(), caller);
                  ++prepared;
                  return numbered(item);
                },
                {.threads = 0});
  EXPECT_EQ(prepared, 0);
  loader.next();
  loader.next();
  EXPECT_EQ(prepared, 2);
}

TEST(Loader, UsesOtherThreadsWhoseTensorOperationsAreSerial) {
  at::set_num_threads(2);  // what libtorch gives every new thread, unless it is kept from it
  const int threads_here = at::get_num_threads();
  std::thread::id worker;
  int threads_there = 0;
  Loader loader(1,
                [&](int64_t item) {
                  worker = std::this_thread::get_id();
                  threads_there = at::get_num_threads();
                  return numbered(item);
                },
                {.threads = 1});
  loader.next();
  EXPECT_NE(worker, std::this_thread::get_id());
  EXPECT_EQ(threads_there, 1);
  EXPECT_EQ(at::get_num_threads(), threads_here);
}

TEST(Loader, HasNothingToDoForNoItems) {
  const Loader loader(0, numbered, {.threads = 2});
  const Loader unused(3, numbered, {.threads = 2, .prefetch = 0});
}

}  // namespace
}  // namespace relata::data
