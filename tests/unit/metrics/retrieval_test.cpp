#include "relata/metrics/retrieval.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "relata/base/counter_rng.h"
#include "relata/base/error.h"
#include "relata/base/parallel.h"

namespace relata::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using Ids = std::vector<int64_t>;

/// IRRA's golden: three queries over twelve items.
const Ids kGallery{0, 1, 0, 1, 0, 2, 1, 2, 2, 0, 1, 1};
const Ids kQueries{0, 1, 2};
std::vector<float> golden_scores() {
  return {.9f,  .8f,  .1f,  .7f,  .6f,  .05f, .3f,  .2f,  .55f, .45f, .35f, .25f,
          .5f,  .4f,  .3f,  .2f,  .1f,  .9f,  .8f,  .7f,  .65f, .64f, .63f, .62f,
          .11f, .12f, .13f, .14f, .15f, .16f, .17f, .18f, .19f, .20f, .21f, .22f};
}

/// By sorting: the definition, by other means.
template <typename T>
QueryRanks by_sorting(const std::vector<T>& scores, const Ids& positives) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  QueryRanks q;
  for (size_t place = 0; place < order.size(); ++place) {
    if (std::ranges::find(positives, static_cast<int64_t>(order[place])) == positives.end())
      continue;
    ++q.positives;
    const auto rank = static_cast<double>(place + 1);
    if (q.positives == 1) q.first = static_cast<int64_t>(place + 1);
    q.average_precision += static_cast<double>(q.positives) / rank;
    q.inverse_negative_penalty = static_cast<double>(q.positives) / rank;
  }
  q.average_precision /= static_cast<double>(std::max<int64_t>(q.positives, 1));
  for (const int64_t p : positives) {
    for (size_t j = 0; j < scores.size(); ++j) {
      const bool other = std::ranges::find(positives, static_cast<int64_t>(j)) == positives.end();
      q.tied = q.tied || (other && scores[j] == scores[static_cast<size_t>(p)]);
    }
  }
  return q;
}

void expect_same(const QueryRanks& ours, const QueryRanks& theirs) {
  EXPECT_EQ(ours.positives, theirs.positives);
  EXPECT_EQ(ours.first, theirs.first);
  EXPECT_NEAR(ours.average_precision, theirs.average_precision, 1e-14);
  EXPECT_NEAR(ours.inverse_negative_penalty, theirs.inverse_negative_penalty, 1e-14);
  EXPECT_EQ(ours.tied, theirs.tied);
}

TEST(Retrieval, EqualsTheGoldensOfTheReleasedCode) {
  const auto report = retrieval(golden_scores(), kQueries, kGallery, {.at = {1, 2, 3, 4}});
  EXPECT_NEAR(report.at("R@1").estimate, 1. / 3, 1e-12);
  EXPECT_NEAR(report.at("R@2").estimate, 2. / 3, 1e-12);
  EXPECT_NEAR(report.at("R@3").estimate, 2. / 3, 1e-12);
  EXPECT_NEAR(report.at("R@4").estimate, 1, 1e-12);
  // The release takes means in single precision.
  EXPECT_NEAR(report.at("mAP").estimate, .46087059, 5e-8);
  EXPECT_NEAR(report.at("mINP").estimate, .41558445, 5e-8);
  EXPECT_EQ(report.queries, 3);
  EXPECT_EQ(report.skipped, 0);
  EXPECT_EQ(report.gallery, 12);
  EXPECT_EQ(report.positives, 4 + 5 + 3);
  EXPECT_EQ(report.tied, 0);
}

TEST(Retrieval, EqualsTheGoldenOfOneQuery) {
  const auto row = golden_scores();
  const auto report = retrieval(std::span(row).first(5), Ids{0}, std::span(kGallery).first(5));
  EXPECT_NEAR(report.at("mAP").estimate, .70, 1e-12);
  EXPECT_NEAR(report.at("mINP").estimate, .60, 1e-12);
}

TEST(Retrieval, EqualsTheHandCase) {  // positives at the ranks 1, 4 and 20
  std::vector<double> scores(25);
  for (size_t j = 0; j < scores.size(); ++j) scores[j] = -static_cast<double>(j);
  const QueryRanks q = rank_query(scores, Ids{0, 3, 19});
  EXPECT_EQ(q.first, 1);
  EXPECT_NEAR(q.average_precision, .55, 1e-12);
  EXPECT_NEAR(q.inverse_negative_penalty, .15, 1e-12);
}

TEST(Retrieval, RanksEqualScoresInTheOrderOfTheGallery) {
  const std::vector<float> scores{1, 2, 2, 2, 3};
  EXPECT_EQ(rank_query(scores, Ids{1}).first, 2);
  EXPECT_EQ(rank_query(scores, Ids{2}).first, 3);
  EXPECT_EQ(rank_query(scores, Ids{3}).first, 4);
  EXPECT_TRUE(rank_query(scores, Ids{2}).tied);
  EXPECT_FALSE(rank_query(scores, Ids{4}).tied);
  EXPECT_FALSE(rank_query(scores, Ids{1, 2, 3}).tied);  // with each other only
}

template <typename T>
void compare_random_rows() {
  for (int64_t seed = 0; seed < 400; ++seed) {
    CounterRng rng(static_cast<uint64_t>(seed));
    const auto items = static_cast<size_t>(1 + rng.below(60));
    const uint64_t levels = 1 + rng.below(seed % 2 == 0 ? 8 : 1000);  // few levels: many ties
    std::vector<T> scores(items);
    for (T& s : scores) s = static_cast<T>(rng.below(levels)) / 7 - 1;
    if (seed % 10 == 0) scores[rng.below(items)] = std::numeric_limits<T>::infinity();
    if (seed % 15 == 0) scores[rng.below(items)] = -std::numeric_limits<T>::infinity();
    Ids positives;
    const double share = rng.uniform();
    for (size_t j = 0; j < items; ++j) {
      if (rng.uniform() < share) positives.push_back(static_cast<int64_t>(j));
    }
    SCOPED_TRACE(seed);
    expect_same(rank_query(std::span<const T>(scores), positives), by_sorting(scores, positives));
  }
}

TEST(Retrieval, CountsWhatSortingFinds) {  // few positives, many, none, all
  compare_random_rows<float>();
  compare_random_rows<double>();
}

TEST(Retrieval, DoubleScoresAreNotRounded) {
  const std::vector<double> scores{.5, .5 + 1e-12};
  EXPECT_EQ(rank_query(scores, Ids{0}).first, 2);
  EXPECT_EQ(rank_query(scores, Ids{1}).first, 1);
}

TEST(Retrieval, LeavesOutQueriesWithoutPositives) {
  const std::vector<float> scores{.1f, .2f, .3f, .4f, .2f, .1f};
  const auto report = retrieval(scores, Ids{1, 7, 2}, Ids{1, 2});
  EXPECT_EQ(report.queries, 2);
  EXPECT_EQ(report.skipped, 1);
  EXPECT_EQ(report.positives, 2);
  EXPECT_NEAR(report.at("mean_rank").estimate, 2, 1e-12);
  EXPECT_NEAR(report.at("MRR").estimate, .5, 1e-12);
  EXPECT_EQ(report.at("R@1").estimate, 0);
  EXPECT_EQ(report.at("R@5").estimate, 1);  // the gallery has two items
}

TEST(Retrieval, MedianOfAnEvenNumberIsTheMeanOfTheMiddleTwo) {
  // ranks 1, 2, 4, 4 → 3; without the first 4
  const std::vector<float> scores{4, 3, 2, 1, 4, 3, 2, 1, 4, 3, 2, 1, 4, 3, 2, 1};
  EXPECT_EQ(retrieval(scores, Ids{0, 1, 3, 3}, Ids{0, 1, 2, 3}).at("median_rank").estimate, 3);
  EXPECT_EQ(retrieval(std::span(scores).first(12), Ids{0, 1, 3}, Ids{0, 1, 2, 3})
                .at("median_rank")
                .estimate,
            2);
}

/// 60 queries over 40 items with ten ids.
struct Problem {
  Ids queries, gallery;
  std::vector<float> scores;
};
Problem problem() {
  Problem p;
  CounterRng rng(3);
  for (int i = 0; i < 60; ++i) p.queries.push_back(static_cast<int64_t>(rng.below(12)));
  for (int i = 0; i < 40; ++i) p.gallery.push_back(static_cast<int64_t>(rng.below(10)));
  for (int i = 0; i < 60 * 40; ++i) p.scores.push_back(static_cast<float>(rng.uniform()));
  return p;
}

TEST(Retrieval, BlocksAndThreadsChangeNothing) {
  const Problem p = problem();
  const int before = threads();
  set_threads(1);
  const auto whole = retrieval(p.scores, p.queries, p.gallery);
  set_threads(3);
  Retrieval blocks(p.queries, p.gallery);
  const auto rows = std::span<const float>(p.scores);
  blocks.add(rows.first(7 * 40));
  blocks.add(rows.subspan(7 * 40, 40));
  blocks.add(rows.subspan(8 * 40));
  const auto report = blocks.report();
  set_threads(before);
  for (size_t i = 0; i < whole.metrics.size(); ++i) {
    EXPECT_EQ(whole.metrics[i].name, report.metrics[i].name);
    EXPECT_EQ(whole.metrics[i].value.estimate, report.metrics[i].value.estimate);
  }
  EXPECT_EQ(whole.skipped, report.skipped);
}

TEST(Retrieval, IntervalsAreThoseOfTheQueriesThatCount) {
  const Problem p = problem();
  const auto report =
      retrieval(p.scores, p.queries, p.gallery, {.bootstrap = {.resamples = 300, .seed = 5}});
  ASSERT_GT(report.skipped, 0);
  std::vector<double> first;
  for (size_t q = 0; q < p.queries.size(); ++q) {
    Ids positives;
    for (size_t j = 0; j < p.gallery.size(); ++j) {
      if (p.gallery[j] == p.queries[q]) positives.push_back(static_cast<int64_t>(j));
    }
    const auto row = std::span<const float>(p.scores).subspan(q * 40, 40);
    if (!positives.empty()) first.push_back(static_cast<double>(rank_query(row, positives).first));
  }
  const BootstrapOptions options{.resamples = 300, .seed = 5};
  const auto rows = static_cast<int64_t>(first.size());
  const auto mean = bootstrap([&](Weights w) { return weighted_mean(first, w); }, rows, options);
  const auto median = bootstrap(over_rows([&](std::span<const int64_t> chosen) {
                                  std::vector<double> values;
                                  for (const int64_t row : chosen)
                                    values.push_back(first[static_cast<size_t>(row)]);
                                  std::ranges::sort(values);
                                  return quantile(values, .5);
                                }),
                                rows, options);
  for (const auto& [name, expected] : {std::pair{"mean_rank", mean}, {"median_rank", median}}) {
    EXPECT_NEAR(report.at(name).estimate, expected.estimate, 1e-12) << name;
    EXPECT_NEAR(report.at(name).low, expected.low, 1e-12) << name;
    EXPECT_NEAR(report.at(name).high, expected.high, 1e-12) << name;
  }
}

TEST(Retrieval, GroupsOfQueriesAreDrawnWhole) {
  const Problem p = problem();
  const Ids one(p.queries.size(), 4);
  const auto report =
      retrieval(p.scores, p.queries, p.gallery, {.bootstrap = {.resamples = 50, .groups = one}});
  EXPECT_EQ(report.at("mAP").low, report.at("mAP").estimate);
  EXPECT_EQ(report.at("mAP").high, report.at("mAP").estimate);
}

TEST(Retrieval, RefusesWhatHasNoAnswer) {
  const std::vector<float> two{1, std::nanf("")};
  EXPECT_THAT([&] { retrieval(two, Ids{1}, Ids{1, 2}); },
              ThrowsMessage<Error>(HasSubstr("query 0: the score of gallery item 1 is NaN")));
  const std::vector<float> fine{1, 2};
  EXPECT_THAT([&] { retrieval(fine, Ids{1, 2}, Ids{1, 2}); },
              ThrowsMessage<Error>(HasSubstr("1 of 2 queries have scores")));
  EXPECT_THAT([&] { retrieval(fine, Ids{1}, Ids{1, 2, 3}); },
              ThrowsMessage<Error>(HasSubstr("2 scores are no rows of 3 gallery items")));
  EXPECT_THAT([&] { retrieval(fine, Ids{1}, Ids{1}); },
              ThrowsMessage<Error>(HasSubstr("2 scores are no rows of 1 gallery items")));
  EXPECT_THAT([&] { retrieval(fine, Ids{9}, Ids{1, 2}); },
              ThrowsMessage<Error>(HasSubstr("none of the 1 queries has a positive")));
  EXPECT_THAT([&] { retrieval(fine, Ids{}, Ids{1, 2}); },
              ThrowsMessage<Error>(HasSubstr("got 0 and 2")));
  EXPECT_THAT([&] { retrieval(fine, Ids{1}, Ids{1, 2}, {.at = {0}}); },
              ThrowsMessage<Error>(HasSubstr("R@0")));
  const Ids groups{1, 2};
  EXPECT_THAT([&] { retrieval(fine, Ids{1}, Ids{1, 2}, {.bootstrap = {.groups = groups}}); },
              ThrowsMessage<Error>(HasSubstr("1 queries but 2 groups")));
  EXPECT_THAT([&] { retrieval(fine, Ids{1}, Ids{1, 2}).at("R@7"); },
              ThrowsMessage<Error>(HasSubstr("there are: R@1, R@5, R@10, median_rank")));
}

}  // namespace
}  // namespace relata::metrics
