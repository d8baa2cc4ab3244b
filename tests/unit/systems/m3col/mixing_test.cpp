// The random part of M3Co: order of the draws, their distribution, and when they are made.
#include "relata/systems/m3col/mixing.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "unit/systems/m3col/example.h"

namespace relata::systems::m3col {
namespace {

torch::Generator seeded(uint64_t seed) { return torch::make_generator<at::CPUGeneratorImpl>(seed); }

TEST(Mixing, IsDrawnInTheOrderOfTheRelease) {  // G13: permutation, Beta, uniform
  torch::Generator generator = seeded(0);
  const objectives::Mixing mixing = draw_mixing(5, {}, generator);
  EXPECT_TRUE(mixing.permutation.equal(test::integers({4, 0, 1, 3, 2})));
  EXPECT_LT(test::distance(mixing.coefficients, test::doubles({1, .01509830, 1, 1, 1})), 1e-7);

  generator = seeded(0);
  const objectives::Mixing all = draw_mixing(5, {.mixed_share = 1}, generator);
  EXPECT_LT(test::distance(all.coefficients,
                           test::doubles({.31802806, .01509830, .77272809, .60043377, .99879372})),
            1e-7);
}

TEST(Mixing, CoefficientsAreBetaDistributed) {  // invariant (m)
  torch::Generator generator = seeded(1);
  const Tensor b =
      draw_mixing(100'000, {.mixed_share = 1}, generator).coefficients.to(torch::kFloat64);
  EXPECT_GT(b.min().item<double>(), 0);
  EXPECT_LT(b.max().item<double>(), 1);
  EXPECT_NEAR(b.mean().item<double>(), 0.5, 0.01);
  EXPECT_NEAR(b.var().item<double>(), 0.25 / 1.3, 0.005);
}

TEST(Mixing, MixesTheShareOfRowsThatIsAskedFor) {
  torch::Generator generator = seeded(2);
  const auto mixed = [&](double share) {
    const Tensor b = draw_mixing(20'000, {.mixed_share = share}, generator).coefficients;
    return (b < 1).to(torch::kFloat64).mean().item<double>();
  };
  EXPECT_NEAR(mixed(0.5), 0.5, 0.02);
  EXPECT_NEAR(mixed(0.2), 0.2, 0.02);
}

TEST(Mixing, IsDrawnRoleByRole) {
  const auto system = small_system();
  torch::Generator generator = seeded(7);
  const train::Draws draws = system->draw(small_batch().rows, kMixupPhase, generator);
  generator = seeded(7);
  for (const std::string& role : kRoles) {
    const objectives::Mixing expected = draw_mixing(5, {}, generator);
    EXPECT_TRUE(get_mixing(draws, role).permutation.equal(expected.permutation));
    EXPECT_TRUE(get_mixing(draws, role).coefficients.equal(expected.coefficients));
  }
}

TEST(Mixing, IsDrawnInTheMixupPhaseAlone) {
  const auto on = small_system();
  Config config = small_config();
  config.contrast.enabled = Switch::kOff;
  const auto off = small_system(config);
  torch::Generator generator = seeded(7);
  EXPECT_TRUE(on->draw(small_batch().rows, kSoftPhase, generator).empty());
  EXPECT_TRUE(off->draw(small_batch().rows, kMixupPhase, generator).empty());
  EXPECT_TRUE(torch::rand({3}, generator).equal(torch::rand({3}, seeded(7))))
      << "something was drawn";
}

TEST(Schedule, SwitchesAtAThirdOfTheEpochs) {  // invariant (k)
  for (const auto& [epochs, first] :
       std::map<int64_t, int64_t>{{25, 8}, {50, 16}, {500, 165}, {1000, 330}}) {
    EXPECT_EQ(mixup_epochs({}, epochs), first);
  }
  EXPECT_EQ(mixup_epochs({.mixup_phase = 0}, 500), 0);
  EXPECT_EQ(mixup_epochs({.mixup_phase = 1}, 500), 500);
}

TEST(Schedule, TheSwitchIsHardAndAtTheEpochItself) {  // invariant (k)
  const auto system = small_system();
  const auto draws_at = [&](int64_t epoch) {
    torch::Generator generator = seeded(0);
    return system->draw(small_batch().rows, {.epoch = epoch, .epochs = 500}, generator).size();
  };
  EXPECT_EQ(draws_at(0), 6U);
  EXPECT_EQ(draws_at(164), 6U);
  EXPECT_EQ(draws_at(165), 0U);
  const auto loss_at = [&](int64_t epoch) {
    return total_loss(*system, small_batch(), small_draws(), {.epoch = epoch, .epochs = 500})
        .item<double>();
  };
  EXPECT_NEAR(loss_at(164), 4.972237360210061, 1e-10);
  EXPECT_NEAR(loss_at(165), 4.975720086819796, 1e-10);
}

}  // namespace
}  // namespace relata::systems::m3col
