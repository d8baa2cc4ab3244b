// Which ordered pairs of roles a pairwise objective sums over.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace relata::objectives {

enum class PairScheme {
  kCyclic,  ///< m → (m+1) mod M; for two roles both directions
  kAll,     ///< every ordered pair, each weighted ½ where there are more than two roles
};

struct RolePair {
  size_t from = 0;
  size_t to = 0;
  double weight = 1;
  bool operator==(const RolePair&) const = default;
};

/// Pairs of `roles` roles; at least 2. For two roles both schemes are (0→1) + (1→0) with weight 1.
std::vector<RolePair> role_pairs(size_t roles, PairScheme scheme);

}  // namespace relata::objectives
