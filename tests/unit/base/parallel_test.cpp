// Without libtorch no OpenMP runtime is loaded; loops are then serial and nothing else changes.
// What needs threads is tested in unit/nn/threads_test.cpp.
#include "relata/base/parallel.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace relata {
namespace {

TEST(ParallelFor, VisitsEachIndexOnce) {
  for (const int64_t size : {0, 1, 10, 1001}) {
    std::vector<int> visits(static_cast<size_t>(size), 0);
    parallel_for(size, 7, [&](int64_t begin, int64_t end) {
      EXPECT_LT(begin, end);
      for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
    });
    EXPECT_EQ(visits, std::vector<int>(static_cast<size_t>(size), 1));
  }
}

TEST(ParallelFor, RethrowsWhatABodyThrows) {
  EXPECT_THROW(parallel_for(3, 1, [](int64_t, int64_t) { throw std::runtime_error("body"); }),
               std::runtime_error);
}

TEST(ParallelFor, UsesAtLeastOneThread) {
  const int before = threads();
  set_threads(-3);
  EXPECT_EQ(threads(), 1);
  set_threads(before);
  EXPECT_GE(before, 1);
}

}  // namespace
}  // namespace relata
