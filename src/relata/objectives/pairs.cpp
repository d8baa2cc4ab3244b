#include "relata/objectives/pairs.h"

namespace relata::objectives {

std::vector<RolePair> role_pairs(size_t roles, PairScheme scheme) {
  std::vector<RolePair> pairs;
  if (scheme == PairScheme::kCyclic || roles == 2) {
    for (size_t m = 0; m < roles; ++m) pairs.push_back({m, (m + 1) % roles, 1.0});
    return pairs;
  }
  for (size_t from = 0; from < roles; ++from) {
    for (size_t to = 0; to < roles; ++to) {
      if (from != to) pairs.push_back({from, to, 0.5});
    }
  }
  return pairs;
}

}  // namespace relata::objectives
