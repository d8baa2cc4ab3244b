// Presets resolve exactly as the table of discrepancies in the system's README says.
#include <gmock/gmock.h>

#include "relata/base/error.h"
#include "unit/systems/m3col/example.h"

namespace relata::systems::m3col {
namespace {

using objectives::BackwardTargets;
using objectives::FixedPoint;
using objectives::PairScheme;
using objectives::SoftTargets;

Config resolved(const std::string& yaml) {
  const ConfigTree tree = ConfigTree::parse(yaml, "test");
  Fields fields(tree);
  Config config;
  describe(fields, config);
  fields.finish();
  return config;
}

/// What no preset changes.
void expect_common(const Config& c) {
  EXPECT_EQ(c.model.embedding, 1000);
  EXPECT_EQ(c.model.hidden, 1000);
  EXPECT_EQ(c.model.head_dropout, 0);  // row 17: declared and unused
  EXPECT_EQ(c.contrast.weight, 0.1);
  EXPECT_EQ(c.contrast.mixup_temperature, 0.1);
  EXPECT_EQ(c.contrast.soft_temperature, 0.125);
  EXPECT_EQ(c.contrast.beta, 0.15);
  EXPECT_EQ(c.contrast.mixed_share, 0.5);
  EXPECT_EQ(c.contrast.mixup_phase, 0.33);
  EXPECT_EQ(c.contrast.backward, BackwardTargets::kAsReleased);  // row 5
  EXPECT_EQ(c.contrast.targets, SoftTargets::kAttached);         // row 20
  EXPECT_TRUE(c.unimodal_losses);
  EXPECT_EQ(c.modality_dropout, 0);
  EXPECT_EQ(c.missing, MissingRule::kHeads);
}

TEST(Preset, OfficialIsTheReleasedCode) {
  const Config c = resolved("contrast: {enabled: true}");
  expect_common(c);
  EXPECT_EQ(c.preset, Preset::kOfficial);
  EXPECT_EQ(c.contrast.fixed_side, FixedSide::kMixed);        // row 2
  EXPECT_EQ(c.contrast.fixed_point, FixedPoint::kOverwrite);  // row 3
  EXPECT_EQ(c.contrast.mix_space, MixSpace::kEmbedding);      // row 4
  EXPECT_EQ(c.contrast.pairs, PairScheme::kCyclic);           // row 6
  EXPECT_EQ(c.constant_feature, data::ConstantFeature::kKeep);
  EXPECT_EQ(c.auc, AucScore::kProbability);
}

TEST(Preset, OfficialWantsTheContrastiveTermSaid) {  // row 1
  EXPECT_THAT([] { resolved("preset: official"); },
              testing::ThrowsMessage<Error>(
                  testing::HasSubstr("contrast.enabled=true or contrast.enabled=false")));
  EXPECT_TRUE(resolved("contrast: {enabled: true}").contrast.on());
  EXPECT_FALSE(resolved("contrast: {enabled: false}").contrast.on());
}

TEST(Preset, PaperMixesInputsAgainstACleanFixedSide) {
  const Config c = resolved("preset: paper");
  expect_common(c);
  EXPECT_TRUE(c.contrast.on());                         // row 1
  EXPECT_EQ(c.contrast.fixed_side, FixedSide::kClean);  // row 2
  EXPECT_EQ(c.contrast.mix_space, MixSpace::kInput);    // row 4
  EXPECT_EQ(c.contrast.fixed_point, FixedPoint::kOverwrite);
  EXPECT_EQ(c.contrast.pairs, PairScheme::kCyclic);
  EXPECT_EQ(c.constant_feature, data::ConstantFeature::kKeep);
  EXPECT_EQ(c.auc, AucScore::kProbability);
}

TEST(Preset, FixedMendsTheDefects) {
  const Config c = resolved("preset: fixed");
  expect_common(c);
  EXPECT_TRUE(c.contrast.on());                                // row 1
  EXPECT_EQ(c.contrast.fixed_side, FixedSide::kClean);         // row 2
  EXPECT_EQ(c.contrast.fixed_point, FixedPoint::kAccumulate);  // row 3
  EXPECT_EQ(c.contrast.mix_space, MixSpace::kEmbedding);
  EXPECT_EQ(c.contrast.pairs, PairScheme::kAll);  // row 6
  EXPECT_EQ(c.constant_feature, data::ConstantFeature::kZero);
  EXPECT_EQ(c.auc, AucScore::kMargin);
}

TEST(Preset, KeysOverrideIt) {
  const Config c = resolved(
      "{preset: fixed, contrast: {fixed_side: mixed, pairs: cyclic, fixed_point: overwrite,"
      " mix_space: input, backward_targets: row_normalise, soft_targets: detach_targets},"
      " model: {head_dropout: 0.5}, constant_feature: keep, auc: probability, missing: fusion}");
  EXPECT_EQ(c.contrast.fixed_side, FixedSide::kMixed);
  EXPECT_EQ(c.contrast.fixed_point, FixedPoint::kOverwrite);
  EXPECT_EQ(c.contrast.mix_space, MixSpace::kInput);
  EXPECT_EQ(c.contrast.pairs, PairScheme::kCyclic);
  EXPECT_EQ(c.contrast.backward, BackwardTargets::kNormalised);  // row 5
  EXPECT_EQ(c.contrast.targets, SoftTargets::kDetached);         // row 20
  EXPECT_EQ(c.model.head_dropout, 0.5);                          // row 17
  EXPECT_EQ(c.constant_feature, data::ConstantFeature::kKeep);
  EXPECT_EQ(c.auc, AucScore::kProbability);
  EXPECT_EQ(c.missing, MissingRule::kFusion);
}

}  // namespace
}  // namespace relata::systems::m3col
