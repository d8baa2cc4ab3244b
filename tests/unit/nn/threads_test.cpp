// Parallel loops beside libtorch: as many threads as asked for, and one OpenMP runtime.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <atomic>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "relata/base/parallel.h"

namespace relata {
namespace {

/// Restores the number of threads.
struct ThreadSetting {
  explicit ThreadSetting(int count) { set_threads(count); }
  ~ThreadSetting() { set_threads(before); }
  int before = threads();
};

/// Files of OpenMP runtimes that this process has mapped.
std::set<std::string> mapped_runtimes() {
  std::set<std::string> files;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    for (const char* runtime : {"libgomp", "libomp", "libiomp"}) {
      if (line.find(runtime) != std::string::npos) files.insert(line.substr(line.find('/')));
    }
  }
  return files;
}

/// How many threads ran the parts of a loop whose parts wait for each other.
size_t threads_seen(int64_t parts) {
  std::mutex mutex;
  std::set<std::thread::id> seen;
  std::atomic<int64_t> arrived{0};
  parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
    {
      const std::lock_guard lock(mutex);
      seen.insert(std::this_thread::get_id());
    }
    arrived += end - begin;
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (arrived < parts && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  });
  return seen.size();
}

TEST(Threads, ALoopUsesAsManyAsAreSet) {
  for (const int count : {1, 2, 3}) {
    const ThreadSetting setting(count);
    EXPECT_EQ(threads_seen(count), static_cast<size_t>(count));
  }
}

TEST(Threads, OneOpenMpRuntimeIsMapped) {
  torch::randn({300, 300}).mm(torch::randn({300, 300}));
  threads_seen(2);
  EXPECT_EQ(mapped_runtimes().size(), 1) << testing::PrintToString(mapped_runtimes());
}

TEST(Threads, EachIndexIsVisitedOnce) {
  const ThreadSetting setting(3);
  for (const int64_t size : {0, 1, 2, 7, 1000}) {
    for (const int64_t grain : {1, 3, 5000}) {
      std::vector<std::atomic<int>> visits(static_cast<size_t>(size));
      parallel_for(size, grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
      });
      for (const auto& count : visits) EXPECT_EQ(count, 1);
    }
  }
}

TEST(Threads, TheExceptionOfABodyIsRethrown) {
  const ThreadSetting setting(2);
  EXPECT_THROW(parallel_for(4, 1,
                            [](int64_t begin, int64_t) {
                              if (begin > 0) throw std::out_of_range("part");
                            }),
               std::out_of_range);
  EXPECT_EQ(threads_seen(2), 2U);  // and the next loop runs as if nothing had happened
}

TEST(Threads, ALoopInsideALoopIsSerial) {
  const ThreadSetting setting(2);
  std::atomic<int> inner_parts{0}, covered{0};
  parallel_for(2, 1, [&](int64_t, int64_t) {
    parallel_for(100, 1, [&](int64_t begin, int64_t end) {
      ++inner_parts;
      covered += static_cast<int>(end - begin);
    });
  });
  EXPECT_EQ(inner_parts, 2);
  EXPECT_EQ(covered, 200);
}

TEST(Threads, AThreadCanBeKeptToItself) {
  const ThreadSetting setting(2);
  int inside = 0;
  size_t parts = 0;
  std::thread([&] {
    run_serially_on_this_thread();
    inside = at::get_num_threads();
    parts = threads_seen(1);
    int calls = 0;
    parallel_for(100, 1, [&](int64_t, int64_t) { ++calls; });
    parts = static_cast<size_t>(calls);
  }).join();
  EXPECT_EQ(inside, 1);
  EXPECT_EQ(parts, 1U);
  EXPECT_EQ(threads_seen(2), 2U);
}

}  // namespace
}  // namespace relata
