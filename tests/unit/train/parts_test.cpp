// LossParts and Encoded: what is carried from micro-batch to effective batch.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "relata/base/error.h"
#include "relata/train/encoded.h"
#include "relata/train/loss_parts.h"
#include "support/tensors.h"

namespace relata::train {
namespace {

using torch::Tensor;

TEST(LossParts, TotalIsTheWeightedSumOfMeans) {
  LossParts parts;
  EXPECT_TRUE(parts.items().empty());
  EXPECT_FALSE(parts.total().defined());
  parts.add("a", torch::tensor(6.0), {.count = 3});
  parts.add("b", torch::tensor(5.0), {.count = 2, .weight = 0.1});
  EXPECT_NEAR(parts.total().item<double>(), 2 + 0.25, 1e-6);
  LossParts more;
  more.add("c", torch::tensor(1.0), {.weight = 4});
  parts.append(more);
  EXPECT_NEAR(parts.total().item<double>(), 6.25, 1e-6);
  EXPECT_EQ(parts.items().size(), 3U);
}

TEST(LossParts, APartThatCountedNothingIsLeftOut) {
  LossParts parts;
  parts.add("none", torch::tensor(0.0), {.count = 0});
  EXPECT_FALSE(parts.total().defined());
  parts.add("some", torch::tensor(3.0), {.count = 1});
  EXPECT_EQ(parts.total().item<double>(), 3);
  EXPECT_EQ((PartValue{.name = "none", .sum = 0, .count = 0}.mean()), 0);
}

Encoded encoded(EncodedRole role) {
  Encoded e;
  e.add("x", std::move(role));
  return e;
}

TEST(Encoded, IsFoundByName) {
  const Encoded e = encoded({.global = torch::ones({2, 3})});
  EXPECT_EQ(e["x"].global.size(1), 3);
  EXPECT_THAT([&] { e["y"]; }, testing::ThrowsMessage<Error>(testing::HasSubstr("'y'")));
}

TEST(Encoded, ItemsAreConcatenatedInOrder) {
  const Encoded whole = concatenate(
      {encoded({.global = torch::full({2, 3}, 1.)}), encoded({.global = torch::full({1, 3}, 2.)})});
  EXPECT_TRUE(whole["x"].global.select(1, 0).equal(torch::tensor({1., 1., 2.})));
  EXPECT_FALSE(whole["x"].local.defined());
  EXPECT_FALSE(whole["x"].mask.defined());
  EXPECT_FALSE(whole["x"].present.defined());
}

TEST(Encoded, LocalsArePaddedToTheLongestAndMasked) {
  const Tensor mask = torch::tensor({{true, true, false}});
  const Encoded whole = concatenate({encoded({.local = torch::ones({2, 1, 4})}),
                                     encoded({.local = torch::ones({1, 3, 4}), .mask = mask})});
  const EncodedRole& x = whole["x"];
  EXPECT_EQ(x.local.sizes(), (std::vector<int64_t>{3, 3, 4}));
  EXPECT_EQ(x.local.sum().item<double>(), 8 + 12);
  EXPECT_TRUE(x.mask.equal(
      torch::tensor({{true, false, false}, {true, false, false}, {true, true, false}})));
}

TEST(Encoded, PaddingMakesAMaskWhereNoneWasNeeded) {
  const Encoded whole = concatenate(
      {encoded({.local = torch::ones({1, 2, 4})}), encoded({.local = torch::ones({1, 1, 4})})});
  EXPECT_TRUE(whole["x"].mask.equal(torch::tensor({{true, true}, {true, false}})));
  const Encoded even = concatenate(
      {encoded({.local = torch::ones({1, 2, 4})}), encoded({.local = torch::ones({2, 2, 4})})});
  EXPECT_FALSE(even["x"].mask.defined());
}

TEST(Encoded, PresenceIsMadeUpWhereAPartHasEverything) {
  const Encoded whole = concatenate(
      {encoded({.global = torch::ones({2, 3})}),
       encoded({.global = torch::ones({1, 3}), .present = torch::zeros({1}, torch::kBool)})});
  EXPECT_TRUE(whole["x"].present.equal(torch::tensor({true, true, false})));
}

TEST(Encoded, AMissingNameIsRefused) {
  Encoded other;
  other.add("y", {.global = torch::ones({1, 3})});
  EXPECT_THROW(concatenate({encoded({.global = torch::ones({2, 3})}), other}), Error);
}

}  // namespace
}  // namespace relata::train
