#include "relata/io/strided.h"

#include <limits>

#include "unit/io/support.h"

namespace relata::io {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

auto checking(const Strided& view, int64_t count) {
  return [=] { check_strided(view, count, "m"); };
}
std::string copy_of(const Strided& view, std::string_view storage, std::size_t width) {
  return text_of(dense_copy(view, bytes_of(storage), width));
}

TEST(Strided, KnowsWhetherAllElementsAreInTheStorage) {
  EXPECT_NO_THROW(checking({{2, 3}, {3, 1}, 4}, 10)());
  EXPECT_THAT(checking({{2, 3}, {3, 1}, 5}, 10), fails_with("beyond the storage of 10 elements"));
  EXPECT_NO_THROW(checking({{}, {}, 9}, 10)());
  EXPECT_THAT(checking({{}, {}, 10}, 10), fails_with("beyond the storage"));
  EXPECT_NO_THROW(checking({{5, 1000}, {1, 0}, 0}, 5)());   // expanded
  EXPECT_NO_THROW(checking({{0, 7}, {1, 1}, kMost}, 0)());  // no element
  EXPECT_NO_THROW(checking({{1, 2}, {kMost, 1}, 0}, 2)());  // that stride is never taken
  EXPECT_THAT(checking({{3}, {kMost}, 0}, 10), fails_with("beyond"));
  // Products and sums that wrap around to 0.
  const int64_t quarter = int64_t{1} << 62;
  EXPECT_THAT(checking({{5}, {quarter}, 0}, 10), fails_with("beyond"));
  EXPECT_THAT(checking({{2, 2, 2, 2}, {quarter, quarter, quarter, quarter}, 0}, 10),
              fails_with("beyond"));
  EXPECT_THAT(checking({{2, 2}, {kMost, kMost}, 0}, kMost), fails_with("beyond"));
  EXPECT_THAT(checking({{kMost, kMost}, {0, 0}, 0}, 1), fails_with("more than 2^63"));
  EXPECT_THAT(checking({{2}, {1, 1}, 0}, 10), fails_with("has other axes than strides"));
  EXPECT_THAT(checking({{2}, {-1}, 5}, 10), fails_with("is negative"));
  EXPECT_THAT(checking({{-2}, {1}, 5}, 10), fails_with("is negative"));
  EXPECT_THAT(checking({{2}, {1}, -1}, 10), fails_with("is negative"));
}

TEST(Strided, KnowsDenseOnes) {
  EXPECT_TRUE(is_dense({{2, 3}, {3, 1}, 7}));
  EXPECT_TRUE(is_dense({{2, 1, 3}, {3, 99, 1}, 0}));
  EXPECT_TRUE(is_dense({{}, {}, 0}));
  EXPECT_TRUE(is_dense({{0, 5}, {9, 9}, 0}));
  EXPECT_FALSE(is_dense({{2, 3}, {1, 2}, 0}));
  EXPECT_FALSE(is_dense({{2, 3}, {4, 1}, 0}));
  EXPECT_FALSE(is_dense({{3}, {0}, 0}));
}

TEST(Strided, CopiesInRowMajorOrder) {
  EXPECT_EQ(copy_of({{3, 2}, {1, 3}, 0}, "abcdef", 1), "adbecf");
  EXPECT_EQ(copy_of({{2, 2}, {3, 1}, 1}, "abcdef", 1), "bcef");
  EXPECT_EQ(copy_of({{2, 2, 2}, {1, 4, 2}, 0}, "abcdefgh", 1),
            "aceg"
            "bdfh");
  EXPECT_EQ(copy_of({{3}, {0}, 1}, "ab", 1), "bbb");
  EXPECT_EQ(copy_of({{2}, {2}, 1}, "aabbccdd", 2), "bbdd");
  EXPECT_EQ(copy_of({{2}, {2}, 0}, "aaaabbbbccccdddd", 4), "aaaacccc");
  EXPECT_EQ(copy_of({{2}, {2}, 0}, "aaaaaaaabbbbbbbbcccccccc", 8), "aaaaaaaacccccccc");
  EXPECT_EQ(copy_of({{}, {}, 1}, "aabb", 2), "bb");
  EXPECT_EQ(copy_of({{2, 0}, {1, 1}, 0}, "", 2), "");
}

}  // namespace
}  // namespace relata::io
