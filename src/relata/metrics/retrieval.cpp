#include "relata/metrics/retrieval.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "relata/base/error.h"
#include "relata/base/parallel.h"
#include "relata/metrics/check.h"

namespace relata::metrics {
namespace {

/// One pass over the row for each positive costs less than a search for each item, up to here.
constexpr size_t kFewPositives = 12;

/// Items that score higher than `score`, and items that score as high; 32 bits wide, so that the
/// loop counts as many items at a time as it compares.
struct Count {
  int32_t above = 0;
  int32_t equal = 0;
};
template <typename T>
Count count(std::span<const T> scores, T score) {
  int32_t above = 0;
  int32_t as_high = 0;
  for (const T s : scores) {
    above += s > score ? 1 : 0;
    as_high += s >= score ? 1 : 0;
  }
  return {above, as_high - above};
}

struct Ranks {
  std::vector<int64_t> ascending;
  bool tied = false;
};

/// One pass for each positive.
template <typename T>
Ranks ranks_of_few(std::span<const T> scores, std::span<const int64_t> positives) {
  Ranks result;
  for (const int64_t p : positives) {
    const T score = scores[static_cast<size_t>(p)];
    const auto [above, equal] = count(scores, score);
    int64_t rank = 1 + above;
    if (equal > 1) {
      const auto before = scores.first(static_cast<size_t>(p));
      rank += std::count(before.begin(), before.end(), score);
      const auto own = std::count_if(positives.begin(), positives.end(), [&](int64_t other) {
        return scores[static_cast<size_t>(other)] == score;
      });
      result.tied = result.tied || equal > own;
    }
    result.ascending.push_back(rank);
  }
  std::ranges::sort(result.ascending);
  return result;
}

/// One pass for all: how many positives stand before each other item, by search among them.
template <typename T>
Ranks ranks_of_many(std::span<const T> scores, std::span<const int64_t> positives) {
  const auto score = [&](int64_t item) { return scores[static_cast<size_t>(item)]; };
  const auto stands_before = [&](int64_t a, int64_t b) {
    return score(a) != score(b) ? score(a) > score(b) : a < b;
  };
  std::vector<int64_t> order(positives.begin(), positives.end());
  std::ranges::sort(order, stands_before);
  const T least = score(order.back());

  Ranks result;
  std::vector<int64_t> others(order.size());  // that stand before order[k], but not before k − 1
  size_t next = 0;                            // of the positives, which ascend
  for (int64_t j = 0; j < std::ssize(scores); ++j) {
    if (score(j) < least) continue;
    while (next < positives.size() && positives[next] < j) ++next;
    if (next < positives.size() && positives[next] == j) continue;
    const auto place = std::ranges::lower_bound(order, j, stands_before);
    const bool ties_after = place != order.end() && score(*place) == score(j);
    const bool ties_before = place != order.begin() && score(*(place - 1)) == score(j);
    result.tied = result.tied || ties_after || ties_before;
    if (place != order.end()) ++others[static_cast<size_t>(place - order.begin())];
  }
  int64_t before = 0;
  for (size_t k = 0; k < order.size(); ++k) {
    before += others[k];
    result.ascending.push_back(before + static_cast<int64_t>(k) + 1);
  }
  return result;
}

template <typename T>
QueryRanks rank(std::span<const T> scores, std::span<const int64_t> positives) {
  if (positives.empty()) return {};
  const Ranks ranks = positives.size() <= kFewPositives ? ranks_of_few(scores, positives)
                                                        : ranks_of_many(scores, positives);
  const auto& r = ranks.ascending;
  const auto m = static_cast<double>(r.size());
  double precision = 0;
  for (size_t i = 0; i < r.size(); ++i) {
    precision += static_cast<double>(i + 1) / static_cast<double>(r[i]);
  }
  return {.positives = std::ssize(r),
          .first = r.front(),
          .average_precision = precision / m,
          .inverse_negative_penalty = m / static_cast<double>(r.back()),
          .tied = ranks.tied};
}

template <typename T>
void check_no_nan(std::span<const T> scores, int64_t query) {
  bool any = false;
  for (const T s : scores) any |= s != s;
  if (!any) return;
  const auto place = std::ranges::find_if(scores, [](T s) { return s != s; });
  throw Error({.what = fmt::format("the score of gallery item {} is NaN", place - scores.begin()),
               .where = fmt::format("query {}", query)});
}

/// The middle of ranks that count `weights` times; of an even number the mean of the middle two.
class WeightedMedian {
 public:
  explicit WeightedMedian(std::vector<double> values) : values_(std::move(values)) {
    order_.resize(values_.size());
    std::iota(order_.begin(), order_.end(), size_t{0});
    std::ranges::stable_sort(order_, {}, [this](size_t i) { return values_[i]; });
  }

  double operator()(Weights weights) const {
    const int64_t total = std::accumulate(weights.begin(), weights.end(), int64_t{0});
    if (total == 0) return std::numeric_limits<double>::quiet_NaN();
    return std::midpoint(at(weights, (total - 1) / 2), at(weights, total / 2));
  }

 private:
  double at(Weights weights, int64_t place) const {
    for (const size_t i : order_) {
      place -= weights[i];
      if (place < 0) return values_[i];
    }
    return values_[order_.back()];
  }

  std::vector<double> values_;
  std::vector<size_t> order_;
};

/// Per-query values [queries] whose weighted means are metrics, by name; the median beside them.
struct Columns {
  std::vector<std::string> names;
  std::vector<std::vector<double>> means;
  WeightedMedian median_rank;
};

template <typename Value>
std::vector<double> column(const std::vector<QueryRanks>& queries, Value value) {
  std::vector<double> values;
  values.reserve(queries.size());
  for (const QueryRanks& q : queries) values.push_back(static_cast<double>(value(q)));
  return values;
}

Columns columns_of(const std::vector<QueryRanks>& queries, const std::vector<int64_t>& at) {
  Columns columns{.names = {},
                  .means = {},
                  .median_rank = WeightedMedian(column(queries, [](auto& q) { return q.first; }))};
  const auto add = [&](std::string name, auto value) {
    columns.names.push_back(std::move(name));
    columns.means.push_back(column(queries, value));
  };
  for (const int64_t k : at) {
    add(fmt::format("R@{}", k), [k](const QueryRanks& q) { return q.first <= k ? 1 : 0; });
  }
  add("mean_rank", [](const QueryRanks& q) { return q.first; });
  add("MRR", [](const QueryRanks& q) { return 1 / static_cast<double>(q.first); });
  add("mAP", [](const QueryRanks& q) { return q.average_precision; });
  add("mINP", [](const QueryRanks& q) { return q.inverse_negative_penalty; });
  return columns;
}

std::vector<NamedInterval> intervals(const std::vector<QueryRanks>& queries,
                                     const RetrievalOptions& options,
                                     const BootstrapOptions& bootstrap) {
  const Columns columns = columns_of(queries, options.at);
  const WeightedMetrics metrics = [&columns](Weights weights) {
    std::vector<double> values;
    for (const auto& means : columns.means) values.push_back(weighted_mean(means, weights));
    values.push_back(columns.median_rank(weights));
    return values;
  };
  std::vector<Interval> found = bootstrap_all(metrics, std::ssize(queries), bootstrap);
  std::vector<NamedInterval> named;
  for (size_t i = 0; i < columns.names.size(); ++i) {
    if (columns.names[i] == "mean_rank") named.push_back({"median_rank", found.back()});
    named.push_back({columns.names[i], found[i]});
  }
  return named;
}

void check_options(const RetrievalOptions& options, size_t queries) {
  for (const int64_t k : options.at) {
    if (k < 1) throw Error({.what = fmt::format("R@{} has no meaning: k is at least 1", k)});
  }
  if (!options.bootstrap.groups.empty())
    check_same_rows("queries", queries, "groups", options.bootstrap.groups.size());
}

template <typename T>
RetrievalReport of_matrix(std::span<const T> scores, std::span<const int64_t> query_ids,
                          std::span<const int64_t> gallery_ids, const RetrievalOptions& options) {
  Retrieval retrieval(query_ids, gallery_ids);
  retrieval.add(scores);
  return retrieval.report(options);
}

}  // namespace

QueryRanks rank_query(std::span<const float> scores, std::span<const int64_t> positives) {
  return rank(scores, positives);
}

QueryRanks rank_query(std::span<const double> scores, std::span<const int64_t> positives) {
  return rank(scores, positives);
}

const Interval& RetrievalReport::at(const std::string& name) const {
  std::vector<std::string> names;
  for (const auto& [known, value] : metrics) {
    if (known == name) return value;
    names.push_back(known);
  }
  throw Error({.what = "there is no metric '" + name + "'",
               .remedy = fmt::format("there are: {}", fmt::join(names, ", "))});
}

Retrieval::Retrieval(std::span<const int64_t> query_ids, std::span<const int64_t> gallery_ids)
    : query_ids_(query_ids), gallery_ids_(gallery_ids) {
  if (query_ids.empty() || gallery_ids.empty()) {
    throw Error({.what = fmt::format("retrieval needs queries and a gallery, got {} and {}",
                                     query_ids.size(), gallery_ids.size())});
  }
  if (gallery_ids.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max()))
    throw Error({.what = fmt::format("a gallery of {} items is too large", gallery_ids.size())});
  for (int64_t item = 0; item < gallery(); ++item) {
    items_[gallery_ids[static_cast<size_t>(item)]].push_back(item);
  }
  results_.reserve(query_ids.size());
}

std::span<const int64_t> Retrieval::positives_of(int64_t query) const {
  const auto found = items_.find(query_ids_[static_cast<size_t>(query)]);
  if (found == items_.end()) return {};
  return found->second;
}

template <typename T>
void Retrieval::add_rows(std::span<const T> scores) {
  const auto width = gallery_ids_.size();
  const int64_t begin = std::ssize(results_);
  const auto rows = static_cast<int64_t>(scores.size() / width);
  if (scores.size() % width != 0 || rows > queries() - begin) {
    throw Error({.what = fmt::format("{} scores are no rows of {} gallery items for the {} queries "
                                     "that are left",
                                     scores.size(), width, queries() - begin)});
  }
  results_.resize(static_cast<size_t>(begin + rows));
  parallel_for(rows, 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const auto row = scores.subspan(static_cast<size_t>(i) * width, width);
      check_no_nan(row, begin + i);
      results_[static_cast<size_t>(begin + i)] = rank(row, positives_of(begin + i));
    }
  });
}

RetrievalReport Retrieval::report(const RetrievalOptions& options) const {
  check_options(options, query_ids_.size());
  if (std::ssize(results_) != queries()) {
    throw Error({.what = fmt::format("{} of {} queries have scores", results_.size(), queries())});
  }
  RetrievalReport report{.gallery = gallery(), .metrics = {}};
  std::vector<QueryRanks> counted;
  std::vector<int64_t> groups;
  for (size_t q = 0; q < results_.size(); ++q) {
    if (results_[q].positives == 0) continue;
    counted.push_back(results_[q]);
    report.positives += results_[q].positives;
    report.tied += results_[q].tied ? 1 : 0;
    if (!options.bootstrap.groups.empty()) groups.push_back(options.bootstrap.groups[q]);
  }
  report.queries = std::ssize(counted);
  report.skipped = queries() - report.queries;
  if (counted.empty()) {
    throw Error({.what = fmt::format("none of the {} queries has a positive among the {} items of "
                                     "the gallery",
                                     queries(), gallery()),
                 .remedy = "a query and its positives have equal ids"});
  }
  BootstrapOptions bootstrap = options.bootstrap;
  bootstrap.groups = groups;
  report.metrics = intervals(counted, options, bootstrap);
  return report;
}

RetrievalReport retrieval(std::span<const float> scores, std::span<const int64_t> query_ids,
                          std::span<const int64_t> gallery_ids, const RetrievalOptions& options) {
  return of_matrix(scores, query_ids, gallery_ids, options);
}

RetrievalReport retrieval(std::span<const double> scores, std::span<const int64_t> query_ids,
                          std::span<const int64_t> gallery_ids, const RetrievalOptions& options) {
  return of_matrix(scores, query_ids, gallery_ids, options);
}

}  // namespace relata::metrics
