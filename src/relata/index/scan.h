// Exact search: the k items of highest inner product with each query, of all of them.
// Scores are first computed fast, with an error that is bounded; those that may be among the best
// are computed again in double. So the answer depends neither on precision, threads or batch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "relata/index/candidates.h"

namespace relata::index {

/// Items whose vectors lie one after the other, each of length 1 (to rounding).
struct Segment {
  int64_t first = 0;  ///< number of the first item
  int64_t count = 0;
  const float* vectors = nullptr;     ///< [count, width]
  const uint16_t* rounded = nullptr;  ///< the same in bfloat16, or null
};

/// Which scores are computed first.
enum class ScanPrecision { kFp32, kBf16 };

/// What is added to the score of each item.
struct Blend {
  double vector_weight = 1;
  std::span<const double> addend = {};  ///< [numbers], or empty
};

struct ScanInput {
  std::span<const Segment> segments;  ///< in ascending order
  int64_t width = 0;
  std::span<const uint8_t> allowed = {};  ///< [numbers], not 0: may be found; empty: all
  ScanPrecision precision = ScanPrecision::kFp32;
};

/// queries [queries, width], each of length 1. `blends`: one a query, or none. Best first, fewer
/// than k if there are not so many; ties in the order of the numbers. Precision kBf16 needs
/// `rounded` in all segments.
std::vector<std::vector<Hit>> scan(const ScanInput& input, std::span<const float> queries,
                                   int64_t k, std::span<const Blend> blends = {});

}  // namespace relata::index
