// The small helpers of base: names, hashes, progress lines.
#include <gtest/gtest.h>

#include <vector>

#include "relata/base/closest_name.h"
#include "relata/base/hash.h"
#include "relata/base/progress_bar.h"

namespace relata {
namespace {

TEST(ClosestName, FindsTheIntendedKey) {
  const std::vector<std::string> keys{"epochs", "weight_decay", "seed"};
  EXPECT_EQ(closest_name("wieght_decay", keys), "weight_decay");
  EXPECT_EQ(closest_name("sed", keys), "seed");
  EXPECT_EQ(closest_name("x", {}), "");
}

TEST(Hasher, EqualsXxh3KnownAnswers) {
  EXPECT_EQ(content_hash(""),
            "99aa06d3014798d86001c324468d497f");  // XXH3 specification, empty input, seed 0
  EXPECT_EQ(Hasher().add("ab").add("c").hex(), content_hash("abc"));
  EXPECT_NE(content_hash("abc"), content_hash("abd"));
}

TEST(ProgressBar, ShowsRateAndTimeLeft) {
  EXPECT_EQ(progress_line("train", "epochs", 0, 50, 100, 5.0),
            "train [############............] 50/100 epochs, 10/s, 5 s left");
  EXPECT_EQ(progress_line("train", "epochs", 40, 50, 100, 5.0),
            "train [############............] 50/100 epochs, 2/s, 25 s left");
  EXPECT_EQ(progress_line("train", "epochs", 0, 0, 0, 0.0),
            "train [########################] 0/0 epochs");
}

TEST(ProgressBar, NamesDurations) {
  EXPECT_EQ(duration(3.4), "3 s");
  EXPECT_EQ(duration(125), "2 min 05 s");
  EXPECT_EQ(duration(4800), "1 h 20 min");
}

}  // namespace
}  // namespace relata
