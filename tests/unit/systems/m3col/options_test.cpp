// What each switch does to the loss. Numbers of discrepancies: README.md beside the system.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "relata/nn/tensor_file.h"
#include "relata/objectives/soft_clip.h"
#include "unit/systems/m3col/example.h"

namespace relata::systems::m3col {
namespace {

std::vector<std::string> names(const train::LossParts& parts) {
  std::vector<std::string> all;
  for (const train::LossPart& part : parts.items()) all.push_back(part.name);
  return all;
}

double contrast_of(const Config& config, const train::Progress& progress) {
  const auto parts = loss_parts(*small_system(config), small_batch(), small_draws(), progress);
  double sum = 0;
  for (const std::string& name : names(parts)) {
    if (name.starts_with("contrast.")) sum += part_value(parts, name);
  }
  return sum;
}

std::vector<Tensor> embeddings(M3col& system, const data::Batch& batch) {
  const train::Forward out = system.forward(batch, {}, kSoftPhase);
  return {out.encoded["m1"].global, out.encoded["m2"].global, out.encoded["m3"].global};
}

TEST(M3colOptions, CyclicPairsFollowTheOrderOfTheRoles) {  // discrepancy 6, invariant (g)
  const auto system = small_system();
  const auto parts = loss_parts(*system, small_batch(), {}, kSoftPhase);
  EXPECT_THAT(names(parts),
              testing::ElementsAre("fusion", "head.m1", "head.m2", "head.m3", "contrast.m1-m2",
                                   "contrast.m2-m3", "contrast.m3-m1"));
  const auto e = embeddings(*system, small_batch());
  const auto pair = [&](size_t from, size_t to) {
    return 0.1 * objectives::soft_clip(e[from], e[to], 0.125).item<double>();
  };
  EXPECT_NEAR(part_value(parts, "contrast.m1-m2"), pair(0, 1), 1e-12);
  EXPECT_NEAR(part_value(parts, "contrast.m3-m1"), pair(2, 0), 1e-12);
  // Swapping two roles changes nothing but the pairs: the reverse circle is left.
  const double reversed = pair(1, 0) + pair(2, 1) + pair(0, 2);
  EXPECT_NE(reversed, pair(0, 1) + pair(1, 2) + pair(2, 0));
  Config all = small_config();
  all.contrast.pairs = objectives::PairScheme::kAll;
  EXPECT_NEAR(contrast_of(all, kSoftPhase), 0.5 * (reversed + pair(0, 1) + pair(1, 2) + pair(2, 0)),
              1e-12);
}

TEST(M3colOptions, AWeightOfZeroIsTheContrastOff) {  // invariant (h)
  Config zero = small_config(), off = small_config();
  zero.contrast.weight = 0;
  off.contrast.enabled = Switch::kOff;
  const auto with = small_system(zero), without = small_system(off);
  for (const train::Progress& progress : {kMixupPhase, kSoftPhase}) {
    const Tensor a = total_loss(*with, small_batch(), small_draws(), progress);
    const Tensor b = total_loss(*without, small_batch(), {}, progress);
    EXPECT_NEAR(a.item<double>(), b.item<double>(), 1e-12);
    EXPECT_LT(distance(gradients(*with, a), gradients(*without, b)), 1e-12);
  }
}

TEST(M3colOptions, WithoutUnimodalLossesOnlyFusionIsLeft) {
  Config config = small_config();
  config.unimodal_losses = false;
  config.contrast.enabled = Switch::kOff;
  const auto system = small_system(config);
  EXPECT_NEAR(total_loss(*system, small_batch(), {}, kSoftPhase).item<double>(), 1.0794288645403,
              1e-10);
  EXPECT_EQ(system->counts(small_batch()), (std::map<std::string, double>{{"fusion", 5}}));
}

TEST(M3colOptions, InputMixingEncodesMixturesAndKeepsTheFixedSideClean) {  // discrepancy 4
  Config config = small_config(Preset::kPaper);
  const auto system = small_system(config);
  EXPECT_TRUE(system->forward_reads_other_rows(kMixupPhase));
  EXPECT_FALSE(system->forward_reads_other_rows(kSoftPhase));
  const data::Batch batch = small_batch();
  data::Batch mixed = batch;
  for (const std::string& role : kRoles) {
    mixed.roles[role].values =
        objectives::mix_rows(batch.roles.at(role).values, get_mixing(small_draws(), role));
  }
  const auto clean = embeddings(*system, batch), mix = embeddings(*system, mixed);
  double expected = 0;
  for (size_t m = 0; m < 3; ++m) {
    expected += 0.1 * objectives::mixup_clip(mix[m], clean[(m + 1) % 3],
                                             get_mixing(small_draws(), kRoles[m]))
                          .item<double>();
  }
  EXPECT_NEAR(contrast_of(config, kMixupPhase), expected, 1e-12);
}

TEST(M3colOptions, EachContrastiveKeyReachesTheLoss) {  // discrepancies 2, 3, 5, 6, 20
  const auto differs = [](auto change, const train::Progress& progress) {
    Config changed = small_config();
    change(changed.contrast);
    return std::abs(contrast_of(changed, progress) - contrast_of(small_config(), progress)) > 1e-9;
  };
  EXPECT_TRUE(differs([](auto& c) { c.fixed_side = FixedSide::kClean; }, kMixupPhase));
  EXPECT_TRUE(
      differs([](auto& c) { c.backward = objectives::BackwardTargets::kNormalised; }, kMixupPhase));
  EXPECT_TRUE(differs([](auto& c) { c.pairs = objectives::PairScheme::kAll; }, kMixupPhase));
  EXPECT_TRUE(differs([](auto& c) { c.mixup_temperature = 0.2; }, kMixupPhase));
  EXPECT_TRUE(differs([](auto& c) { c.soft_temperature = 0.2; }, kSoftPhase));
  EXPECT_TRUE(differs([](auto& c) { c.mixup_phase = 0; }, kMixupPhase));
}

TEST(M3colOptions, TheFixedPointKeyReachesTheLoss) {  // discrepancy 3
  train::Draws draws = small_draws();
  put_mixing(draws, "m1", {test::integers({0, 1, 2, 3, 4}), test::doubles({.9, 1, .3, .6, 1})});
  Config accumulate = small_config();
  accumulate.contrast.fixed_point = objectives::FixedPoint::kAccumulate;
  const auto loss = [&](const Config& config) {
    return total_loss(*small_system(config), small_batch(), draws, kMixupPhase).item<double>();
  };
  EXPECT_GT(std::abs(loss(accumulate) - loss(small_config())), 1e-3);
}

TEST(M3colOptions, DetachedTargetsChangeTheGradientAlone) {  // discrepancy 20
  Config config = small_config();
  config.contrast.targets = objectives::SoftTargets::kDetached;
  const auto detached = small_system(config), attached = small_system();
  const Tensor a = total_loss(*detached, small_batch(), {}, kSoftPhase);
  const Tensor b = total_loss(*attached, small_batch(), {}, kSoftPhase);
  EXPECT_NEAR(a.item<double>(), b.item<double>(), 1e-14);
  EXPECT_GT(distance(gradients(*detached, a), gradients(*attached, b)), 1e-4);
}

TEST(M3colOptions, HeadDropoutIsAppliedOnlyWhereAskedFor) {  // discrepancy 17
  const auto spread = [](double dropout) {
    Config config = small_config();
    config.model.head_dropout = dropout;
    const auto system = small_system(config);
    const double once = total_loss(*system, small_batch(), {}, kSoftPhase).item<double>();
    return std::abs(total_loss(*system, small_batch(), {}, kSoftPhase).item<double>() - once);
  };
  EXPECT_EQ(spread(0), 0);
  EXPECT_GT(spread(0.5), 1e-6);
}

TEST(M3colOptions, ModalityDropoutHidesRowsFromFusionAlone) {
  Config config = small_config();
  config.modality_dropout = 0.5;
  const auto system = small_system(config);
  torch::Generator generator = torch::make_generator<at::CPUGeneratorImpl>(0);
  const train::Draws draws = system->draw(small_batch().rows, kSoftPhase, generator);
  EXPECT_EQ(draws.size(), 3U);
  train::Draws keep_all;
  for (const std::string& role : kRoles) keep_all["keep." + role] = torch::ones({5}, torch::kBool);
  const auto kept = loss_parts(*system, small_batch(), keep_all, kSoftPhase);
  EXPECT_NEAR(kept.total().item<double>(), 4.975720086819796, 1e-10);
  train::Draws hide = keep_all;
  hide["keep.m2"] = torch::zeros({5}, torch::kBool);
  const auto hidden = loss_parts(*system, small_batch(), hide, kSoftPhase);
  EXPECT_NE(part_value(hidden, "fusion"), part_value(kept, "fusion"));
  EXPECT_EQ(part_value(hidden, "head.m2"), part_value(kept, "head.m2"));
  EXPECT_EQ(part_value(hidden, "contrast.m1-m2"), part_value(kept, "contrast.m1-m2"));
}

TEST(M3colOptions, CountsWhatForwardCounts) {
  data::Batch batch = small_batch();
  batch.rows.labels["label"] = test::integers({0, -1, 1, -1, 2});
  batch.roles["m2"].present = torch::tensor({true, true, false, true, true});
  const auto system = small_system();
  const auto counts = system->counts(batch);
  const train::Forward out = system->forward(batch, {}, kSoftPhase);
  for (const train::LossPart& part : out.parts.items()) {
    EXPECT_EQ(counts.at(part.name), part.count) << part.name;
  }
  EXPECT_EQ(counts.at("fusion"), 3);
  EXPECT_EQ(counts.at("head.m2"), 2);
}

}  // namespace
}  // namespace relata::systems::m3col
