#include "relata/metrics/retrieval_features.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "relata/base/error.h"

namespace relata::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using torch::Tensor;
using Ids = std::vector<int64_t>;

struct Features {
  Tensor queries, gallery;
  Ids query_ids, gallery_ids;
};

/// More scores than one block of 32 MB holds in double.
Features features(torch::ScalarType type) {
  torch::manual_seed(1);
  Features f{torch::randn({501, 8}, type), torch::randn({9000, 8}, type), {}, {}};
  for (int64_t i = 0; i < 501; ++i) f.query_ids.push_back(i % 170);
  for (int64_t i = 0; i < 9000; ++i) f.gallery_ids.push_back(i % 180);
  return f;
}

void expect_same(const RetrievalReport& a, const RetrievalReport& b) {
  for (size_t i = 0; i < a.metrics.size(); ++i) {
    EXPECT_EQ(a.metrics[i].name, b.metrics[i].name);
    EXPECT_NEAR(a.metrics[i].value.estimate, b.metrics[i].value.estimate, 1e-9)
        << a.metrics[i].name;
  }
  EXPECT_EQ(a.positives, b.positives);
}

RetrievalReport whole(const Features& f, const Tensor& scores) {
  const Tensor s = scores.to(torch::kFloat64).contiguous();
  return retrieval(std::span(s.const_data_ptr<double>(), static_cast<size_t>(s.numel())),
                   f.query_ids, f.gallery_ids);
}

TEST(RetrievalFromFeatures, EqualsTheWholeMatrixOfScores) {
  const Features f = features(torch::kFloat64);
  const auto of = [&](Similarity similarity) {
    return retrieval_from_features(f.queries, f.gallery, f.query_ids, f.gallery_ids, similarity);
  };
  const auto unit = [](const Tensor& x) { return x / x.norm(2, {1}, true); };
  expect_same(of(Similarity::kDot), whole(f, f.queries.mm(f.gallery.t())));
  expect_same(of(Similarity::kCosine), whole(f, unit(f.queries).mm(unit(f.gallery).t())));
}

TEST(RetrievalFromFeatures, TakesEveryFloatingType) {
  const Tensor queries = torch::tensor({{1., 0.}, {0., 2.}}, torch::kFloat64);
  const Tensor gallery = torch::tensor({{3., 1.}, {1., 4.}, {0., 0.}}, torch::kFloat64);
  for (const auto type : {torch::kFloat64, torch::kFloat32, torch::kBFloat16, torch::kHalf}) {
    const auto report = retrieval_from_features(queries.to(type), gallery, Ids{0, 2}, Ids{0, 1, 2});
    EXPECT_EQ(report.at("R@1").estimate, .5);
    EXPECT_EQ(report.at("mean_rank").estimate, 2);  // a row of zeros scores 0: last
  }
}

TEST(RetrievalFromFeatures, ARowLongerThanABlockIsABlock) {
  const Tensor gallery = torch::zeros({9'000'000, 1}).requires_grad_();
  Ids ids(9'000'000, 7);
  ids[4] = 8;
  const auto report = retrieval_from_features(torch::ones({2, 1}), gallery, Ids{8, 9}, ids);
  EXPECT_EQ(report.at("mean_rank").estimate, 5);
  EXPECT_EQ(report.skipped, 1);
}

TEST(RetrievalFromFeatures, RefusesWhatDoesNotFit) {
  const Tensor x = torch::ones({2, 3});
  const auto of = [&](const Tensor& q, const Tensor& g, const Ids& ids) {
    return [=] { retrieval_from_features(q, g, ids, Ids{1, 2}); };
  };
  EXPECT_THAT(of(x, torch::ones({2, 4}), {1, 2}),
              ThrowsMessage<Error>(HasSubstr("Float [2, 3] and the gallery is Float [2, 4]")));
  EXPECT_THAT(of(x.to(torch::kInt64), x, {1, 2}), ThrowsMessage<Error>(HasSubstr("Long [2, 3]")));
  EXPECT_THAT(of(x[0], x, {1, 2}), ThrowsMessage<Error>(HasSubstr("must be")));
  EXPECT_THAT(of(x, x, {1}), ThrowsMessage<Error>(HasSubstr("2 queries with 1 ids")));
  EXPECT_THAT(of(x * NAN, x, {1, 2}), ThrowsMessage<Error>(HasSubstr("item 0 is NaN")));
}

}  // namespace
}  // namespace relata::metrics
