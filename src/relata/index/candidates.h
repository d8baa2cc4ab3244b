// The best k of one query while a scan goes on, from approximate scores whose error is bounded:
// what is kept holds the k best by exact score.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

namespace relata::index {

struct Hit {
  int64_t number = 0;  ///< of an item, counted over all that was ever appended
  double score = 0;
};

/// Higher scores first; of equal ones the item that was appended earlier.
bool better(const Hit& a, const Hit& b);

class Candidates {
 public:
  using Exact = std::function<double(int64_t number)>;

  /// `error`: how far an approximate score may lie from the exact one.
  Candidates(int64_t k, double error);

  /// What scores below this is not among the best.
  float threshold() const { return threshold_; }
  /// Any number; those above threshold() alone need be given.
  void add(int64_t number, float approximate, const Exact& exact);
  void merge(Candidates&& other, const Exact& exact);
  /// The best k, or all there are.
  std::vector<Hit> finish(const Exact& exact);

 private:
  void prune(const Exact& exact);
  void settle(const Exact& exact);
  void raise(double bound);

  size_t k_;
  double error_;
  float threshold_ = -std::numeric_limits<float>::infinity();
  std::vector<Hit> fresh_;    ///< approximate scores
  std::vector<Hit> settled_;  ///< exact ones, at most k
};

}  // namespace relata::index
