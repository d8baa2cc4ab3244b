#include "relata/objectives/pairs.h"

#include <gmock/gmock.h>

namespace relata::objectives {
namespace {

using testing::ElementsAre;

TEST(RolePairs, OfTwoRolesAreBothDirectionsInEitherScheme) {
  const auto both = ElementsAre(RolePair{0, 1, 1}, RolePair{1, 0, 1});
  EXPECT_THAT(role_pairs(2, PairScheme::kCyclic), both);
  EXPECT_THAT(role_pairs(2, PairScheme::kAll), both);
}

TEST(RolePairs, InACircleFollowTheOrderOfTheRoles) {  // discrepancy 6
  EXPECT_THAT(role_pairs(3, PairScheme::kCyclic),
              ElementsAre(RolePair{0, 1, 1}, RolePair{1, 2, 1}, RolePair{2, 0, 1}));
  EXPECT_THAT(
      role_pairs(4, PairScheme::kCyclic),
      ElementsAre(RolePair{0, 1, 1}, RolePair{1, 2, 1}, RolePair{2, 3, 1}, RolePair{3, 0, 1}));
}

TEST(RolePairs, OfAllOrderedPairsWeighHalf) {  // discrepancy 6
  EXPECT_THAT(role_pairs(3, PairScheme::kAll),
              ElementsAre(RolePair{0, 1, .5}, RolePair{0, 2, .5}, RolePair{1, 0, .5},
                          RolePair{1, 2, .5}, RolePair{2, 0, .5}, RolePair{2, 1, .5}));
  const auto four = role_pairs(4, PairScheme::kAll);
  EXPECT_EQ(four.size(), 12);
  for (const RolePair& pair : four) {
    EXPECT_NE(pair.from, pair.to);
    EXPECT_EQ(pair.weight, .5);
  }
}

}  // namespace
}  // namespace relata::objectives
