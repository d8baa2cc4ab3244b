#include "relata/data/split.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "unit/data/support.h"

namespace relata::data {
namespace {

using testing::ElementsAre;
using Groups = std::vector<std::string>;
using Fractions = std::vector<double>;

Groups singles(int64_t rows) {
  Groups groups;
  for (int64_t row = 0; row < rows; ++row) groups.push_back("g" + std::to_string(row));
  return groups;
}

/// 60 rows in groups of 1 to 5, members far apart.
Groups families() {
  Groups groups;
  for (int64_t row = 0; row < 60; ++row) groups.push_back("f" + std::to_string(row * row % 23));
  return groups;
}

TEST(SplitByFraction, IsAPartitionOfTheAskedSizes) {
  const auto parts = split_by_fraction(singles(101), Fractions{80, 10, 10}, 1);
  ASSERT_EQ(parts.size(), 3);
  EXPECT_EQ(parts[0].size(), 81);  // 80.8 rounded
  EXPECT_EQ(parts[1].size(), 10);  // 90.9 rounded, less 81
  EXPECT_EQ(parts[2].size(), 10);
  std::set<int64_t> all;
  for (const auto& part : parts) {
    EXPECT_TRUE(std::is_sorted(part.begin(), part.end()));
    all.insert(part.begin(), part.end());
  }
  EXPECT_EQ(all.size(), 101);
  EXPECT_EQ(*all.begin(), 0);
  EXPECT_EQ(*all.rbegin(), 100);
}

TEST(SplitByFraction, ScalesFractions) {
  const Groups groups = singles(50);
  EXPECT_EQ(split_by_fraction(groups, Fractions{80, 20}, 9),
            split_by_fraction(groups, Fractions{0.8, 0.2}, 9));
}

TEST(SplitByFraction, DependsOnTheSeedAlone) {
  const Groups groups = singles(50);
  EXPECT_EQ(split_by_fraction(groups, Fractions{1, 1}, 3),
            split_by_fraction(groups, Fractions{1, 1}, 3));
  EXPECT_NE(split_by_fraction(groups, Fractions{1, 1}, 3),
            split_by_fraction(groups, Fractions{1, 1}, 4));
}

TEST(SplitByFraction, KeepsGroupsWhole) {
  const Groups groups = families();
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto parts = split_by_fraction(groups, Fractions{3, 1, 1}, seed);
    std::map<std::string, size_t> part_of;
    size_t rows = 0;
    for (size_t p = 0; p < parts.size(); ++p) {
      rows += parts[p].size();
      for (const int64_t row : parts[p]) {
        const auto [found, is_new] = part_of.emplace(groups[static_cast<size_t>(row)], p);
        EXPECT_TRUE(is_new || found->second == p) << groups[static_cast<size_t>(row)];
      }
    }
    EXPECT_EQ(rows, groups.size());
    EXPECT_NEAR(static_cast<double>(parts[0].size()), 36, 5);  // a group has 5 rows at most
  }
}

TEST(SplitByFraction, RefusesWhatCannotBe) {
  EXPECT_THAT([] { split_by_fraction(singles(2), Fractions{1, 1, 1}, 0); },
              fails_with("2 rows in 2 groups are too few for 3 parts"));
  EXPECT_THAT([] { split_by_fraction(Groups(10, "one"), Fractions{1, 1}, 0); },
              fails_with("10 rows in 1 groups are too few"));
  EXPECT_THAT([] { split_by_fraction(singles(9), Fractions{1, 0}, 0); },
              fails_with("a split has the fraction 0, expected more than 0"));
  EXPECT_THAT([] { split_by_fraction(singles(9), Fractions{1, -1}, 0); },
              fails_with("a split has the fraction -1"));
  EXPECT_THAT(
      [] {
        split_by_fraction(singles(9), Fractions{1, std::numeric_limits<double>::quiet_NaN()}, 0);
      },
      fails_with("a split has the fraction nan"));
}

TEST(NamedSplit, NamesTwoOrThreeParts) {
  const Groups groups = singles(10);
  const auto two = named_split(groups, Fractions{1, 1}, 0);
  EXPECT_EQ(two[0].first, "train");
  EXPECT_EQ(two[1].first, "test");
  EXPECT_EQ(two[1].second, split_by_fraction(groups, Fractions{1, 1}, 0)[1]);
  const auto three = named_split(groups, Fractions{1, 1, 1}, 0);
  EXPECT_EQ(three[1].first, "val");
  EXPECT_EQ(three[2].first, "test");
  EXPECT_THAT([&] { named_split(groups, Fractions{1}, 0); }, fails_with("a split has 1 parts"));
}

TEST(ParseFractions, ReadsPartsBetweenSlashes) {
  EXPECT_THAT(parse_fractions("80/10/10"), ElementsAre(80, 10, 10));
  EXPECT_THAT(parse_fractions("0.5/0.5"), ElementsAre(0.5, 0.5));
  EXPECT_THAT(parse_fractions("8/2"), ElementsAre(8, 2));
  EXPECT_THAT(parse_fractions("1/1/1"), ElementsAre(1, 1, 1));
  for (const char* text : {"", "80/", "/20", "80/x", "80/NA", "80//20"}) {
    EXPECT_THAT([=] { parse_fractions(text); }, fails_with("expected numbers between slashes"));
  }
  for (const char* text : {"100/0", "0/0", "80/-20"}) {
    EXPECT_THAT([=] { parse_fractions(text); }, fails_with("expected more than 0"));
  }
  EXPECT_THAT([] { parse_fractions("100"); }, fails_with("a split has 1 parts"));
  EXPECT_THAT([] { parse_fractions("40/30/20/10"); }, fails_with("a split has 4 parts"));
}

/// [folds][classes] rows.
std::vector<std::map<int64_t, int64_t>> counts(const std::vector<int64_t>& labels,
                                               const std::vector<int64_t>& folds, int64_t count) {
  std::vector<std::map<int64_t, int64_t>> table(static_cast<size_t>(count));
  for (size_t row = 0; row < labels.size(); ++row) {
    ++table.at(static_cast<size_t>(folds[row]))[labels[row]];
  }
  return table;
}

TEST(StratifiedFolds, SpreadClassesEvenly) {
  std::vector<int64_t> labels;
  for (int64_t row = 0; row < 53; ++row) labels.push_back(row % 7 == 0 ? 2 : row % 2);
  constexpr int64_t kFolds = 5;
  const auto folds = stratified_folds(labels, singles(53), kFolds, 8);
  const auto table = counts(labels, folds, kFolds);
  for (const int64_t label : {0, 1, 2}) {
    int64_t least = 53;
    int64_t most = 0;
    for (const auto& fold : table) {
      least = std::min(least, fold.at(label));
      most = std::max(most, fold.at(label));
    }
    EXPECT_LE(most - least, 1) << label;
  }
  std::array<int64_t, kFolds> sizes{};
  for (const int64_t fold : folds) ++sizes.at(static_cast<size_t>(fold));
  const auto [smallest, largest] = std::minmax_element(sizes.begin(), sizes.end());
  EXPECT_LE(*largest - *smallest, 1);
}

TEST(StratifiedFolds, DependOnTheSeedAlone) {
  const std::vector<int64_t> labels(30, 0);
  EXPECT_EQ(stratified_folds(labels, singles(30), 3, 1),
            stratified_folds(labels, singles(30), 3, 1));
  EXPECT_NE(stratified_folds(labels, singles(30), 3, 1),
            stratified_folds(labels, singles(30), 3, 2));
}

TEST(StratifiedFolds, KeepGroupsWhole) {
  const Groups groups = families();
  const std::vector<int64_t> labels(groups.size(), 0);
  const auto folds = stratified_folds(labels, groups, 4, 5);
  std::map<std::string, int64_t> fold_of;
  for (size_t row = 0; row < groups.size(); ++row) {
    EXPECT_EQ(fold_of.emplace(groups[row], folds[row]).first->second, folds[row]);
  }
  EXPECT_EQ(std::set<int64_t>(folds.begin(), folds.end()).size(), 4);
}

TEST(StratifiedFolds, RefuseWhatCannotBe) {
  const std::vector<int64_t> labels{0, 1, 0};
  EXPECT_THAT([&] { stratified_folds(labels, singles(3), 1, 0); }, fails_with("into 1 folds"));
  EXPECT_THAT([&] { stratified_folds(labels, singles(3), 4, 0); },
              fails_with("3 groups of rows cannot be cut into 4 folds"));
  EXPECT_EQ(stratified_folds(labels, singles(3), 3, 0).size(), 3);
  EXPECT_THAT([&] { stratified_folds(std::vector<int64_t>{0, -1, 0}, singles(3), 2, 0); },
              fails_with("a row without a label"));
}

}  // namespace
}  // namespace relata::data
