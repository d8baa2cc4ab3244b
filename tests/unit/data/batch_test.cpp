#include "relata/data/batch.h"

#include <torch/torch.h>

#include "unit/data/support.h"

namespace relata::data {
namespace {

using testing::ElementsAre;

Batch make(std::vector<int64_t> numbers) {
  Batch batch;
  std::vector<float> labels;
  for (const int64_t number : numbers) {
    batch.rows.ids.push_back("i" + std::to_string(number));
    batch.rows.groups.push_back("g" + std::to_string(number));
    labels.push_back(static_cast<float>(number));
  }
  batch.rows.labels["y"] = torch::tensor(labels);
  batch.rows.present["m"] = torch::tensor(labels) > 1;
  batch.rows.references["next"] = torch::tensor(numbers) + 1;
  batch.rows.numbers = std::move(numbers);
  return batch;
}

TEST(Concatenate, JoinsRowsInOrder) {
  const std::vector<Batch> batches{make({3, 1}), make({0}), make({2})};
  const Rows rows = concatenate(batches);
  EXPECT_EQ(rows.size(), 4);
  EXPECT_THAT(rows.numbers, ElementsAre(3, 1, 0, 2));
  EXPECT_THAT(rows.ids, ElementsAre("i3", "i1", "i0", "i2"));
  EXPECT_THAT(rows.groups, ElementsAre("g3", "g1", "g0", "g2"));
  EXPECT_TRUE(torch::equal(rows.labels.at("y"), torch::tensor({3.F, 1.F, 0.F, 2.F})));
  EXPECT_TRUE(torch::equal(rows.present.at("m"), torch::tensor({true, false, false, true})));
  EXPECT_TRUE(
      torch::equal(rows.references.at("next"), torch::tensor(std::vector<int64_t>{4, 2, 1, 3})));
}

TEST(Concatenate, TakesOneBatchOrNone) {
  const std::vector<Batch> one{make({5, 6})};
  EXPECT_THAT(concatenate(one).ids, ElementsAre("i5", "i6"));
  EXPECT_TRUE(concatenate(one).labels.contains("y"));
  EXPECT_EQ(concatenate({}).size(), 0);
}

}  // namespace
}  // namespace relata::data
