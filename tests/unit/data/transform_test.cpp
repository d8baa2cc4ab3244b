#include "relata/data/transform.h"

#include <cmath>
#include <limits>

#include "unit/data/support.h"

namespace relata::data {
namespace {

using testing::ElementsAre;

torch::Tensor matrix(int64_t columns, const std::vector<double>& values) {
  return torch::tensor(values, torch::kFloat64).view({-1, columns});
}

std::vector<double> row(const torch::Tensor& values, int64_t index) {
  const torch::Tensor flat = values[index].contiguous();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

TEST(FieldMatrix, HoldsTheRowsThatHaveTheField) {
  const Files files;
  const auto path =
      files.write("r.jsonl", "{\"m\": [1, 2], \"n\": [1]}\n{\"n\": [2]}\n{\"m\": [3, 4]}\n");
  const View all = Dataset::open(path)->all();
  const FieldMatrix m = field_matrix(all.select(std::vector<int64_t>{2, 1, 0}), "m");
  EXPECT_THAT(m.positions, ElementsAre(0, 2));
  EXPECT_EQ(m.values.scalar_type(), torch::kFloat64);
  EXPECT_THAT(row(m.values, 0), ElementsAre(3, 4));
  EXPECT_THAT(row(m.values, 1), ElementsAre(1, 2));
  EXPECT_THAT([&] { field_matrix(all.select(std::vector<int64_t>{1}), "m"); },
              fails_with("no record of this split has the field 'm'"));
}

TEST(FieldMatrix, NamesTheFirstCellThatIsNotFinite) {
  const Files files;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  files.write("dataset.yaml", "fields: {m: vector}\nfile: r.jsonl\nfeatures: {m: f.txt}");
  files.write("f.txt", "TP53\nBRCA1\n");
  files.write("r.jsonl",
              "{\"id\": \"p\", \"m\": \"m.npy#0\"}\n{\"id\": \"q\", \"m\": \"m.npy#1\"}\n");
  files.write_matrix("m.npy", 2, {1, 2, 3, nan});
  EXPECT_THAT([&] { field_matrix(files.open()->all(), "m"); },
              fails_with("field 'm' of record 'q' holds nan at feature 'BRCA1'"));
  files.write_matrix("m.npy", 2, {1, 2, -std::numeric_limits<double>::infinity(), 4});
  EXPECT_THAT([&] { field_matrix(files.open()->all(), "m"); },
              fails_with("field 'm' of record 'q' holds -inf at feature 'TP53'"));
}

TEST(MinMax, MapsTheTrainingRangeToZeroAndOne) {
  const torch::Tensor train = matrix(2, {1, -4, 3, 0, 2, 4});
  const Affine affine = fit_min_max(train, ConstantFeature::kZero);
  EXPECT_THAT(row(affine.offset.unsqueeze(0), 0), ElementsAre(1, -4));
  EXPECT_THAT(row(affine.scale.unsqueeze(0), 0), ElementsAre(2 + 1e-10, 8 + 1e-10));
  EXPECT_THAT(row(affine(train), 1), ElementsAre(2 / (2 + 1e-10), 4 / (8 + 1e-10)));
  // Not clipped.
  EXPECT_THAT(row(affine(matrix(2, {5, -12})), 0), ElementsAre(4 / (2 + 1e-10), -8 / (8 + 1e-10)));
}

TEST(MinMax, TreatsConstantFeaturesAsAsked) {
  const torch::Tensor train = matrix(2, {0.3, 1, 0.3, 2});
  const torch::Tensor test = matrix(2, {1.3, 3});
  const Affine zero = fit_min_max(train, ConstantFeature::kZero);
  EXPECT_THAT(row(zero(test), 0), ElementsAre(0, testing::DoubleNear(2, 1e-9)));
  EXPECT_THAT(row(zero(train), 1), ElementsAre(0, testing::DoubleNear(1, 1e-9)));
  const Affine kept = fit_min_max(train, ConstantFeature::kKeep);
  EXPECT_THAT(row(kept(test), 0),
              ElementsAre(testing::DoubleNear(1e10, 1), testing::DoubleNear(2, 1e-9)));
  EXPECT_THAT(row(kept(train), 0), ElementsAre(0, 0));
}

TEST(MinMax, CallsARangeBelowTenToTheMinusTenConstant) {
  const Affine below = fit_min_max(matrix(1, {0, 0.9e-10}), ConstantFeature::kZero);
  EXPECT_TRUE(std::isinf(below.scale.item<double>()));
  const Affine above = fit_min_max(matrix(1, {0, 1.1e-10}), ConstantFeature::kZero);
  EXPECT_DOUBLE_EQ(above.scale.item<double>(), 2.1e-10);
}

TEST(Standard, MatchesScikitLearn) {
  // StandardScaler().fit([[1, 10], [2, 10], [6, 10]])
  const Affine affine = fit_standard(matrix(2, {1, 10, 2, 10, 6, 10}));
  EXPECT_THAT(row(affine.offset.unsqueeze(0), 0), ElementsAre(3, 10));
  EXPECT_NEAR(affine.scale[0].item<double>(), std::sqrt(14.0 / 3), 1e-15);
  EXPECT_EQ(affine.scale[1].item<double>(), 1);
  EXPECT_THAT(row(affine(matrix(2, {3, 12})), 0), ElementsAre(0, 2));
}

TEST(Standard, SeesThroughTheRoundingOfAConstantFeature) {
  const torch::Tensor constant = torch::full({1000, 1}, 0.1, torch::kFloat64);
  EXPECT_EQ(fit_standard(constant).scale.item<double>(), 1);
  const torch::Tensor small = constant.clone();
  small[0][0] += 1e-6;
  EXPECT_LT(fit_standard(small).scale.item<double>(), 1e-6);
}

}  // namespace
}  // namespace relata::data
