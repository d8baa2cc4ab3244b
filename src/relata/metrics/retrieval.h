// How well queries find what belongs to them in a gallery: recall at k, ranks, mAP, mINP. Nothing
// is sorted: the rank of a positive is counted, row by row, so that scores may come in blocks and
// need never be held whole. Source of the formulas: Ye et al., "Deep learning for person
// re-identification", arXiv 2001.04193 (mINP), and the released evaluation of IRRA.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "relata/metrics/bootstrap.h"
#include "relata/metrics/report.h"

namespace relata::metrics {

/// What one query found. Items rank by descending score, those of equal score in the order of the
/// gallery: rank of a positive p = 1 + #{j: S_j > S_p} + #{j < p: S_j = S_p}.
struct QueryRanks {
  int64_t positives = 0;                ///< m; the rest is 0 if there are none
  int64_t first = 0;                    ///< r_1, rank of the best positive
  double average_precision = 0;         ///< mean_i i / r_i, over all positives of the gallery
  double inverse_negative_penalty = 0;  ///< m / r_m
  bool tied = false;  ///< a positive and another item have equal scores: the order decides
};

/// Of one row of scores [gallery] without NaN; `positives` are gallery numbers, ascending.
QueryRanks rank_query(std::span<const float> scores, std::span<const int64_t> positives);
QueryRanks rank_query(std::span<const double> scores, std::span<const int64_t> positives);

struct RetrievalOptions {
  std::vector<int64_t> at = {1, 5, 10};  ///< the k of R@k, each at least 1
  /// Resamples are of queries, or of groups of queries (`groups` [queries], all of them).
  BootstrapOptions bootstrap = {.resamples = 0};
};

struct RetrievalReport {
  int64_t queries = 0;    ///< that the metrics are means over
  int64_t skipped = 0;    ///< queries without any positive, left out
  int64_t gallery = 0;    ///< items
  int64_t positives = 0;  ///< pairs of a query and a positive
  int64_t tied = 0;       ///< queries whose ranks depend on the order of the gallery
  /// "R@1" …, "median_rank" and "mean_rank" (of the first positive), "MRR", "mAP", "mINP".
  std::vector<NamedInterval> metrics;

  /// Throws Error, listing the names there are, if there is no such metric.
  const Interval& at(const std::string& name) const;
};

/// Takes scores block by block. Not to be used by several threads; its own loops are parallel.
class Retrieval {
 public:
  /// Ids of queries and gallery items, any numbers: equal ones belong together. The spans must
  /// outlive the object. Throws Error if either is empty.
  Retrieval(std::span<const int64_t> query_ids, std::span<const int64_t> gallery_ids);

  int64_t queries() const { return static_cast<int64_t>(query_ids_.size()); }
  int64_t gallery() const { return static_cast<int64_t>(gallery_ids_.size()); }

  /// Scores [n, gallery], row-major, of the next n queries. Throws Error for NaN, naming query and
  /// item, and for numbers that are no rows or too many.
  void add(std::span<const float> scores) { add_rows(scores); }
  void add(std::span<const double> scores) { add_rows(scores); }

  /// Throws Error if queries are missing, none has a positive, a k is below 1, or the groups are
  /// not one a query.
  RetrievalReport report(const RetrievalOptions& options = {}) const;

 private:
  template <typename T>
  void add_rows(std::span<const T> scores);
  std::span<const int64_t> positives_of(int64_t query) const;

  std::span<const int64_t> query_ids_;
  std::span<const int64_t> gallery_ids_;
  std::unordered_map<int64_t, std::vector<int64_t>> items_;  ///< gallery numbers of each id
  std::vector<QueryRanks> results_;
};

/// Of scores [queries, gallery] that are there whole, row-major. Throws Error as Retrieval does.
RetrievalReport retrieval(std::span<const float> scores, std::span<const int64_t> query_ids,
                          std::span<const int64_t> gallery_ids,
                          const RetrievalOptions& options = {});
RetrievalReport retrieval(std::span<const double> scores, std::span<const int64_t> query_ids,
                          std::span<const int64_t> gallery_ids,
                          const RetrievalOptions& options = {});

}  // namespace relata::metrics
