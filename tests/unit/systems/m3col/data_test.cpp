// From a dataset on disk to a batch: scaling fitted on the training rows, constant features,
// missing values, refusals.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "relata/base/error.h"
#include "relata/train/class_metrics.h"
#include "unit/systems/m3col/example.h"
#include "unit/systems/m3col/omics.h"

namespace relata::systems::m3col {
namespace {

auto fails_with(const std::string& text) {
  return testing::ThrowsMessage<Error>(testing::HasSubstr(text));
}

TEST(M3colData, ScalesByTheTrainingRangeAndDoesNotClip) {
  const test::Scratch scratch;
  auto train = plain_rows(6), test = plain_rows(2, 0.4);
  test[0].values[0] = {5, -5, 0, 0};
  const auto dataset = open_omics(scratch / "d", train, test);
  const auto system = fitted(small_config(), *dataset);
  const Tensor x = collate_all(*system, dataset->split("train")).roles["m1"].values;
  EXPECT_EQ(x.scalar_type(), torch::kFloat32);
  EXPECT_LT(test::distance(std::get<0>(x.min(0)), torch::zeros({4})), 1e-7);
  EXPECT_LT(test::distance(std::get<0>(x.max(0)), torch::ones({4})), 1e-6);
  double low = 2, high = -2;
  for (const OmicsRow& row : train) {
    low = std::min(low, row.values[0][0]);
    high = std::max(high, row.values[0][0]);
  }
  const Tensor e = collate_all(*system, dataset->split("test")).roles["m1"].values;
  EXPECT_NEAR(e[0][0].item<double>(), (5 - low) / (high - low + 1e-10), 1e-6);
  EXPECT_LT(e[0][1].item<double>(), 0);
}

TEST(M3colData, ClassesAreMatchedByName) {
  const test::Scratch scratch;
  const auto dataset = open_omics(scratch / "d", plain_rows(6), plain_rows(6));
  const auto system = fitted(small_config(), *dataset);
  const auto labels = [&](const data::Dataset& data) {
    return collate_all(*system, data.split("test")).rows.labels.at("label");
  };
  const auto other = open_omics(scratch / "other", plain_rows(6), plain_rows(6), "c, d, a, b");
  EXPECT_TRUE(labels(*other).equal(labels(*dataset)));
  auto strange = plain_rows(6);
  strange[4].label = "d";
  const auto unknown = open_omics(scratch / "unknown", plain_rows(6), strange, "c, d, a, b");
  EXPECT_THAT([&] { labels(*unknown); }, fails_with("record 'e4' has the class 'd'"));
}

TEST(M3colData, WhatOverflowsFloatIsRefused) {
  const test::Scratch scratch;
  auto test = plain_rows(3);
  test[1].values[2][3] = 1e60;
  const auto dataset = open_omics(scratch / "d", plain_rows(6), test);
  const auto system = fitted(small_config(), *dataset);
  EXPECT_NO_THROW(system->check(dataset->split("train")));
  EXPECT_THAT([&] { system->check(dataset->split("test")); },
              fails_with("field 'm3' of record 'e1' holds 1e+60 at feature '3'"));
}

TEST(M3colData, ARecordWithoutAnythingIsRefusedBeforehand) {
  const test::Scratch scratch;
  auto test = plain_rows(3);
  for (auto& values : test[2].values) values.clear();
  const auto dataset = open_omics(scratch / "d", plain_rows(6), test);
  const auto system = fitted(small_config(), *dataset);
  EXPECT_THAT([&] { system->check(dataset->split("test")); },
              fails_with("record 'e2' has none of the modalities"));
}

std::shared_ptr<const data::Dataset> with_constant_feature(const std::filesystem::path& folder) {
  auto train = plain_rows(6), test = plain_rows(3, 0.4);
  for (OmicsRow& row : train) row.values[1][2] = 0.25;
  for (OmicsRow& row : test) row.values[1][2] = 1.25;
  return open_omics(folder, train, test);
}

TEST(M3colData, AConstantFeatureIsZeroEverywhereInTheFixedPreset) {  // invariant (i)
  const test::Scratch scratch;
  const auto dataset = with_constant_feature(scratch / "d");
  const auto fixed = fitted(small_config(Preset::kFixed), *dataset);
  for (const char* split : {"train", "test"}) {
    const Tensor x = collate_all(*fixed, dataset->split(split)).roles["m2"].values;
    EXPECT_EQ(x.select(1, 2).abs().max().item<double>(), 0);
  }
  const auto result = fixed->classify(dataset->split("test"), {});
  EXPECT_LT(result.logits.abs().max().item<double>(), 100);
  const auto official = fitted(small_config(), *dataset);
  const Tensor x = collate_all(*official, dataset->split("test")).roles["m2"].values;
  EXPECT_NEAR(x[0][2].item<double>() / 1e10, 1, 1e-5) << "as published";
}

TEST(M3colData, AMissingModalityIsZeroAndSaidSo) {
  const test::Scratch scratch;
  auto train = plain_rows(6);
  train[2].values[1].clear();
  const auto dataset = open_omics(scratch / "d", train, plain_rows(2));
  const auto system = fitted(small_config(), *dataset);
  const data::Batch batch = collate_all(*system, dataset->split("train"));
  const data::RoleBatch& role = batch.roles.at("m2");
  EXPECT_EQ(role.present.sum().item<int64_t>(), 5);
  EXPECT_FALSE(role.present[2].item<bool>());
  EXPECT_EQ(role.values[2].abs().max().item<double>(), 0);
  EXPECT_TRUE(batch.rows.present.at("m2").equal(role.present));
}

TEST(M3colData, AnUnknownLabelIsMinusOne) {
  const test::Scratch scratch;
  auto train = plain_rows(6);
  train[4].label.clear();
  const auto dataset = open_omics(scratch / "d", train, plain_rows(2));
  const auto system = fitted(small_config(), *dataset);
  EXPECT_TRUE(collate_all(*system, dataset->split("train"))
                  .rows.labels["label"]
                  .equal(test::integers({0, 1, 2, 0, -1, 2})));
}

TEST(M3colData, RefusesWhatItCannotWorkWith) {
  const test::Scratch scratch;
  auto one_class = plain_rows(6);
  for (OmicsRow& row : one_class) row.label = "a";
  const auto poor = open_omics(scratch / "one", one_class, plain_rows(2));
  EXPECT_THAT([&] { fitted(small_config(), *poor); }, fails_with("rows of 1 class(es) of 'y'"));
  const auto good = open_omics(scratch / "good", plain_rows(6), plain_rows(2));
  Config config = small_config();
  config.roles = {"m1"};
  EXPECT_THAT([&] { fitted(config, *good); }, fails_with("needs at least two vector fields"));
  config.roles = {"m1", "m1"};
  EXPECT_THAT([&] { fitted(config, *good); }, fails_with("named twice"));
  config.roles = {"m1", "y"};
  EXPECT_THAT([&] { fitted(config, *good); }, fails_with("'y' is no vector field"));
}

TEST(M3colData, RolesMayBeBoundToOtherFieldsInAnotherOrder) {
  const test::Scratch scratch;
  const auto dataset = open_omics(scratch / "d", plain_rows(6), plain_rows(2));
  Config config = small_config();
  config.roles = {"genes", "m1"};
  config.bind = {{"genes", "m3"}};
  const auto system = fitted(config, *dataset);
  const data::Batch bound = collate_all(*system, dataset->split("train"));
  const data::Batch plain = collate_all(*fitted(small_config(), *dataset), dataset->split("train"));
  EXPECT_EQ(system->roles(), (std::vector<std::string>{"genes", "m1"}));
  EXPECT_TRUE(bound.roles.at("genes").values.equal(plain.roles.at("m3").values));
}

TEST(M3colData, ARecordOfAnotherWidthIsNamed) {
  const test::Scratch scratch;
  const auto dataset = open_omics(scratch / "d", plain_rows(6), plain_rows(2));
  const auto system = fitted(small_config(), *dataset);
  auto narrow = plain_rows(6);
  for (OmicsRow& row : narrow) row.values[0].pop_back();
  const auto other = open_omics(scratch / "narrow", narrow, {narrow[0]});
  EXPECT_THAT([&] { system->classify(other->split("train"), {}); },
              fails_with("field 'm1' of record 't0' has 3 values, but the model was trained on 4"));
}

TEST(M3colMetrics, TiesOfSaturatedProbabilitiesAreBrokenByTheMargin) {  // AUC by logit margin
  Config config = small_config();
  const Tensor logits = torch::tensor({{0., 200.}, {0., 300.}, {0., 100.}, {0., 250.}});
  const Tensor labels = test::integers({0, 1, 0, 1});
  const auto auc = [&](AucScore score) {
    config.auc = score;
    const M3col system(config);
    return train::class_metrics({.classes = {"a", "b"}, .logits = logits, .labels = labels},
                                system.auc_scores(logits))["roc_auc"];
  };
  EXPECT_EQ(auc(AucScore::kProbability), 0.5);
  EXPECT_EQ(auc(AucScore::kMargin), 1);
}

TEST(M3colMetrics, TheMarginIsTheLogOddsOfEachClass) {
  Config config = small_config(Preset::kFixed);
  const Tensor logits = torch::randn({6, 3});
  const Tensor p = torch::softmax(logits.to(torch::kFloat64), 1);
  const Tensor margin = M3col(config).auc_scores(logits);
  EXPECT_EQ(margin.scalar_type(), torch::kFloat64);
  EXPECT_LT(test::distance(margin, (p / (1 - p)).log()), 1e-9);
}

TEST(M3colMetrics, EqualTheGoldenValues) {  // G16, G17
  const Tensor s = test::doubles({.1, .4, .4, .8, .8, .9, .2, .3});
  const Tensor y = test::integers({0, 0, 1, 1, 0, 1, 1, 0});
  const auto binary = [&](const Tensor& score) {
    const Tensor logits = torch::stack({-score, score}, 1);
    return train::class_metrics({.classes = {"a", "b"}, .logits = logits, .labels = y}, logits);
  };
  EXPECT_DOUBLE_EQ(binary(s)["roc_auc"], 0.6875);
  EXPECT_DOUBLE_EQ(binary(torch::full_like(s, .5))["roc_auc"], 0.5);
  const Tensor predicted = test::integers({0, 2, 2, 2, 1, 1, 3, 3, 0, 3});
  const Tensor logits = torch::one_hot(predicted, 5).to(torch::kFloat64);
  const auto many = train::class_metrics({.classes = {"a", "b", "c", "d", "e"},
                                          .logits = logits,
                                          .labels = test::integers({0, 1, 2, 2, 1, 0, 3, 3, 3, 4})},
                                         logits);
  EXPECT_DOUBLE_EQ(many["accuracy"], 0.6);
  EXPECT_NEAR(many["f1_macro"], 0.49333333, 1e-8);
  EXPECT_NEAR(many["f1_weighted"], 0.56, 1e-12);
}

TEST(M3colMetrics, AreDefinedWhenTheTestLabelsMissAClass) {  // invariant (j)
  const Tensor logits = torch::tensor({{2., 0., 0.}, {0., 2., 0.}, {0., 0., 2.}});
  const auto e = train::class_metrics(
      {.classes = {"a", "b", "c"}, .logits = logits, .labels = test::integers({0, 1, 1})}, logits);
  for (const train::Metric& metric : e.metrics) EXPECT_TRUE(std::isfinite(metric.value));
  EXPECT_EQ(e.rows, 3);
}

TEST(M3colMetrics, LeaveUnlabelledRowsOut) {
  const Tensor logits = torch::tensor({{2., 0.}, {0., 2.}, {0., 2.}});
  const auto e = train::class_metrics(
      {.classes = {"a", "b"}, .logits = logits, .labels = test::integers({0, -1, 1})}, logits);
  EXPECT_EQ(e.rows, 2);
  EXPECT_EQ(e["accuracy"], 1);
  EXPECT_THAT(
      [&] {
        train::class_metrics(
            {.classes = {"a", "b"}, .logits = logits, .labels = test::integers({-1, -1, -1})},
            logits);
      },
      fails_with("no row of this split has a label"));
}

}  // namespace
}  // namespace relata::systems::m3col
