// The gradient of an effective batch does not depend on how it is cut.
#include "relata/train/step.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/autocast_mode.h>
#include <gmock/gmock.h>

#include "relata/base/error.h"
#include "relata/nn/batch_norm.h"
#include "unit/train/gradients.h"

namespace relata::train {
namespace {

using test::ContrastSystem;
using test::CountedSystem;
using test::LinkSystem;

class Step : public testing::Test {
 protected:
  test::Scratch scratch;
  std::shared_ptr<const data::Dataset> pairs = test::open_pairs(scratch / "pairs");
  std::shared_ptr<const data::Dataset> links = test::open_links(scratch / "links");
  data::View train = pairs->split("train");
};

/// Everything in one graph: forward of each micro-batch in order, objective on their union.
Gradients one_graph(System& system, const std::vector<data::Batch>& batches) {
  system.module().zero_grad();
  torch::manual_seed(5);
  torch::Generator generator = at::detail::getDefaultCPUGenerator();
  const data::Rows rows = data::concatenate(batches);
  const Draws draws = system.draw(rows, {}, generator);
  std::vector<Encoded> encoded;
  std::map<std::string, std::pair<torch::Tensor, double>> sums;
  std::map<std::string, double> weights;
  for (const data::Batch& batch : batches) {
    const Forward out = system.forward(batch, draws, {});
    encoded.push_back(out.encoded);
    for (const LossPart& part : out.parts.items()) {
      auto& [sum, count] = sums[part.name];
      sum = sum.defined() ? sum + part.sum : part.sum;
      count += part.count;
      weights[part.name] = part.weight;
    }
  }
  torch::Tensor total = torch::zeros({}, torch::kFloat64);
  for (const auto& [name, sum] : sums) total = total + weights[name] * sum.first / sum.second;
  if (system.has_objective({})) {
    total = total + system.objective(concatenate(encoded), rows, draws, {}).total();
  }
  total.backward();
  return gradients_of(system);
}

TEST_F(Step, ABatchWideObjectiveGivesTheSameGradientHoweverItIsCut) {
  ContrastSystem system({.dropout = 0});
  prepare(system, train);
  const StepResult whole = step(system, micro_batches(system, train, 10, 10));
  EXPECT_GT(largest(whole.gradients), 0.01);
  for (const int64_t micro : {1, 2, 3, 4, 5, 9}) {  // uneven last ones among them
    const StepResult cut = step(system, micro_batches(system, train, 10, micro));
    EXPECT_LT(distance(cut.gradients, whole.gradients), 1e-10) << micro;
    EXPECT_NEAR(cut.loss.total, whole.loss.total, 1e-10);
    for (const char* part : {"class", "contrast", "spread"}) {
      EXPECT_NEAR(mean_of(cut.loss, part), mean_of(whole.loss, part), 1e-10);
    }
  }
}

TEST_F(Step, ProductsInBf16GiveNearlyTheSameGradientInFloat32) {
  ContrastSystem system({.dropout = 0});
  prepare(system, train);
  system.module().to(torch::kFloat32);
  const StepResult full = step(system, micro_batches(system, train, 10, 10));
  const StepResult half =
      step(system, micro_batches(system, train, 10, 10), {.precision = nn::Precision::kBf16});
  const double scale = largest(full.gradients);
  EXPECT_GT(distance(half.gradients, full.gradients), 1e-5 * scale);  // it is another precision
  EXPECT_LT(distance(half.gradients, full.gradients), 3e-2 * scale);
  EXPECT_NEAR(half.loss.total, full.loss.total, 1e-2 * std::abs(full.loss.total));
  for (const auto& [name, gradient] : half.gradients)
    EXPECT_EQ(gradient.scalar_type(), torch::kFloat32) << name;
  EXPECT_FALSE(at::autocast::is_autocast_enabled(at::kCPU));

  const StepResult cut =
      step(system, micro_batches(system, train, 10, 3), {.precision = nn::Precision::kBf16});
  EXPECT_LT(distance(cut.gradients, half.gradients), 1e-2 * scale);
}

TEST_F(Step, LocalsWithoutAMaskArePaddedWithOne) {
  ContrastSystem system({.dropout = 0, .always_mask = false});
  prepare(system, train);
  const StepResult whole = step(system, micro_batches(system, train, 6, 6));
  const auto rows = micro_batches(system, train, 6, 1);
  for (const data::Batch& row : rows) ASSERT_FALSE(row.roles.at("b").mask.defined());
  EXPECT_LT(distance(step(system, rows).gradients, whole.gradients), 1e-10);
  EXPECT_LT(distance(step(system, micro_batches(system, train, 6, 2)).gradients, whole.gradients),
            1e-10);
}

TEST_F(Step, DropoutIsTheSameInBothPasses) {
  ContrastSystem system({.dropout = 0.5});
  prepare(system, train);
  for (const int64_t micro : {3, 4, 5}) {
    const auto batches = micro_batches(system, train, 10, micro);
    const StepResult cut = step(system, batches);
    EXPECT_LT(distance(cut.gradients, one_graph(system, batches)), 1e-10);
    EXPECT_TRUE(torch::rand({3}).equal(cut.next)) << "the generator must end where one pass ends";
  }
}

TEST_F(Step, PartsOfDifferingCountsGiveTheSameGradientHoweverTheyAreCut) {
  CountedSystem system;
  prepare(system, train);
  system.module().eval();  // no dropout
  const StepResult whole = step(system, micro_batches(system, train, 11, 11));
  for (const int64_t micro : {1, 3, 4, 6}) {
    const StepResult cut = step(system, micro_batches(system, train, 11, micro));
    EXPECT_LT(distance(cut.gradients, whole.gradients), 1e-10);
    EXPECT_NEAR(cut.loss.total, whole.loss.total, 1e-10);
    EXPECT_NEAR(mean_of(cut.loss, "row"), mean_of(whole.loss, "row"), 1e-10);
  }
  system.module().train();
  const auto batches = micro_batches(system, train, 11, 4);
  EXPECT_LT(distance(step(system, batches).gradients, one_graph(system, batches)), 1e-10);
}

TEST_F(Step, SeveralItemsARowGiveTheSameGradientHoweverRowsAreCut) {
  LinkSystem system;
  const data::View rows = links->split("train");
  prepare(system, rows);
  const StepResult whole = step(system, micro_batches(system, rows, 12, 12));
  EXPECT_GT(largest(whole.gradients), 0.01);
  for (const int64_t micro : {1, 2, 5}) {
    const StepResult cut = step(system, micro_batches(system, rows, 12, micro));
    EXPECT_LT(distance(cut.gradients, whole.gradients), 1e-10) << micro;
    EXPECT_NEAR(cut.loss.total, whole.loss.total, 1e-10);
  }
}

TEST_F(Step, GradientsAreAddedToWhatIsThere) {
  CountedSystem system;
  prepare(system, train);
  system.module().eval();
  const auto batches = micro_batches(system, train, 8, 4);
  const StepResult once = step(system, batches);
  accumulate_gradient(system, batches, {}, {});
  for (const auto& [name, gradient] : gradients_of(system)) {
    EXPECT_LT(test::distance(gradient, 2 * once.gradients.at(name)), 1e-12);
  }
}

TEST_F(Step, MeanAndSumAreThoseOfTheMicroBatchesAlone) {
  ContrastSystem system({.dropout = 0});
  prepare(system, train);
  auto batches = micro_batches(system, train, 10, 4);
  system.module().zero_grad();
  torch::manual_seed(5);
  double total = 0;
  for (data::Batch batch : batches) {
    batch.first_row = 0;
    total += accumulate_gradient(system, std::span(&batch, 1), {}, {}).total;
  }
  const Gradients sum = gradients_of(system);
  const StepResult as_sum = step(system, batches, {.accumulation = Accumulation::kSum});
  EXPECT_LT(distance(as_sum.gradients, sum), 1e-12);
  EXPECT_NEAR(as_sum.loss.total, total, 1e-12);
  const StepResult as_mean = step(system, batches, {.accumulation = Accumulation::kMean});
  for (const auto& [name, gradient] : as_mean.gradients) {
    EXPECT_LT(test::distance(gradient * 3, sum.at(name)), 1e-12);
  }
  EXPECT_NEAR(as_mean.loss.total, total / 3, 1e-12);
  EXPECT_GT(distance(as_mean.gradients, step(system, batches).gradients), 1e-4)
      << "and differ from the exact gradient";
}

TEST_F(Step, BuffersAreWrittenOncePerMicroBatch) {
  ContrastSystem system;
  prepare(system, train);
  step(system, micro_batches(system, train, 10, 3));
  EXPECT_EQ(system.passes(), 4);
  step(system, micro_batches(system, train, 10, 10));
  EXPECT_EQ(system.passes(), 5);
}

TEST_F(Step, BuffersArePutBackIfThePassFails) {
  ContrastSystem system;
  prepare(system, train);
  auto batches = micro_batches(system, train, 6, 3);
  batches[1].roles.erase("a");
  EXPECT_ANY_THROW(step(system, batches));
  EXPECT_EQ(system.passes(), 0);
}

TEST_F(Step, BatchNormInTrainingModeIsRefusedByItsName) {
  ContrastSystem system({.batch_norm = true});
  prepare(system, train);
  const auto cut = micro_batches(system, train, 6, 3);
  EXPECT_THAT([&] { step(system, cut); },
              testing::ThrowsMessage<Error>(
                  testing::AllOf(testing::HasSubstr("'norm' is a BatchNorm in training mode"),
                                 testing::HasSubstr("train.accumulation=sum or mean"))));
  EXPECT_NO_THROW(step(system, micro_batches(system, train, 6, 6)));
  EXPECT_NO_THROW(step(system, cut, {.accumulation = Accumulation::kSum}));
  system.module().named_modules()["norm"]->eval();  // frozen
  EXPECT_NO_THROW(step(system, cut));
}

TEST_F(Step, BatchNormOfPicturesIsRefusedToo) {
  ContrastSystem system;
  prepare(system, train);
  system.module().register_module("pictures", nn::BatchNorm(2));
  const auto cut = micro_batches(system, train, 6, 3);
  EXPECT_THAT([&] { step(system, cut); }, testing::ThrowsMessage<Error>(testing::HasSubstr(
                                              "'pictures' is a BatchNorm in training mode")));
  system.module().named_modules()["pictures"]->eval();
  EXPECT_NO_THROW(step(system, cut));
}

TEST_F(Step, AForwardThatReadsOtherRowsIsRefused) {
  ContrastSystem system({.reads_other_rows = true});
  prepare(system, train);
  const auto cut = micro_batches(system, train, 6, 3);
  EXPECT_THAT([&] { step(system, cut); }, testing::ThrowsMessage<Error>(testing::HasSubstr(
                                              "the forward pass of 'contrast' mixes rows")));
  EXPECT_NO_THROW(step(system, micro_batches(system, train, 6, 6)));
  EXPECT_NO_THROW(step(system, cut, {.accumulation = Accumulation::kMean}));
}

TEST_F(Step, CountsThatDoNotHoldAreRefused) {
  const auto fails = [&](CountedSystem::Counts counts, const std::string& text) {
    CountedSystem system(counts);
    prepare(system, train);
    EXPECT_THAT([&] { step(system, micro_batches(system, train, 6, 3)); },
                testing::ThrowsMessage<Error>(testing::HasSubstr(text)));
    EXPECT_NO_THROW(step(system, micro_batches(system, train, 6, 6)));
  };
  fails(CountedSystem::Counts::kWrong, "announced 15 of 'token' but counted 13");
  fails(CountedSystem::Counts::kIncomplete, "the loss part 'token' was not counted in advance");
  fails(CountedSystem::Counts::kNone, "cannot count its loss parts in advance");
}

}  // namespace
}  // namespace relata::train
