#include "relata/systems/m3col/config.h"

#include <cmath>

#include "relata/base/error.h"

namespace relata::systems::m3col {

using objectives::BackwardTargets;
using objectives::FixedPoint;
using objectives::PairScheme;
using objectives::SoftTargets;

void describe(Fields& fields, ModelConfig& c) {
  fields.value("embedding", c.embedding, "width of the encoders", {.low = 1});
  fields.value("hidden", c.hidden, "width inside the heads", {.low = 1});
  fields.value("head_dropout", c.head_dropout,
               "dropout in the heads; the release declares 0.5 and applies none",
               {.low = 0, .high = 0.99});
}

void describe(Fields& fields, ContrastConfig& c) {
  fields.choice("enabled", c.enabled,
                {{"unset", Switch::kUnset}, {"false", Switch::kOff}, {"true", Switch::kOn}},
                "the contrastive term");
  fields.value("weight", c.weight, "its factor in the total loss", {.low = 0});
  fields.value("mixup_temperature", c.mixup_temperature, "temperature of M3Co", {.low = 1e-6});
  fields.value("soft_temperature", c.soft_temperature, "temperature of MultiSClip", {.low = 1e-6});
  fields.value("beta", c.beta, "mixing coefficients are Beta(beta, beta)", {.low = 1e-3});
  fields.value("mixed_share", c.mixed_share, "probability that a row is mixed",
               {.low = 0, .high = 1});
  fields.value("mixup_phase", c.mixup_phase, "fraction of the epochs with M3Co",
               {.low = 0, .high = 1});
  fields.choice("fixed_side", c.fixed_side,
                {{"mixed", FixedSide::kMixed}, {"clean", FixedSide::kClean}},
                "the other side of M3Co: mixed as released, clean as in the paper");
  fields.choice("mix_space", c.mix_space,
                {{"embedding", MixSpace::kEmbedding}, {"input", MixSpace::kInput}},
                "what is mixed");
  fields.choice("fixed_point", c.fixed_point,
                {{"overwrite", FixedPoint::kOverwrite}, {"accumulate", FixedPoint::kAccumulate}},
                "target of a row whose partner is itself");
  fields.choice("pairs", c.pairs,
                {{"cyclic", PairScheme::kCyclic}, {"all_pairs", PairScheme::kAll}},
                "ordered pairs of modalities");
  fields.choice("backward_targets", c.backward,
                {{"as_released", BackwardTargets::kAsReleased},
                 {"row_normalise", BackwardTargets::kNormalised}},
                "targets of the backward direction of M3Co");
  fields.choice("soft_targets", c.targets,
                {{"attached", SoftTargets::kAttached}, {"detach_targets", SoftTargets::kDetached}},
                "whether MultiSClip's targets carry gradient");
}

Config preset_config(Preset preset) {
  Config c{.preset = preset};
  if (preset == Preset::kOfficial) return c;
  c.contrast.enabled = Switch::kOn;
  c.contrast.fixed_side = FixedSide::kClean;
  if (preset == Preset::kPaper) {
    c.contrast.mix_space = MixSpace::kInput;
    return c;
  }
  c.contrast.fixed_point = FixedPoint::kAccumulate;
  c.contrast.pairs = PairScheme::kAll;
  c.auc = AucScore::kMargin;
  c.constant_feature = data::ConstantFeature::kZero;
  return c;
}

void describe(Fields& fields, Config& c) {
  fields.choice(
      "preset", c.preset,
      {{"official", Preset::kOfficial}, {"paper", Preset::kPaper}, {"fixed", Preset::kFixed}},
      "which set of choices the other keys start from");
  c = preset_config(c.preset);
  fields.value("roles", c.roles, "vector fields in order; empty: all of the dataset");
  fields.value("bind", c.bind, "role: field, where they differ");
  fields.value("label", c.label, "class label; empty: the dataset's only one");
  fields.group("model", c.model);
  fields.group("contrast", c.contrast);
  fields.value("unimodal_losses", c.unimodal_losses,
               "a classifier and loss per modality beside fusion");
  fields.value("modality_dropout", c.modality_dropout,
               "probability that fusion does not see a modality in training",
               {.low = 0, .high = 0.99});
  fields.choice("missing", c.missing,
                {{"heads", MissingRule::kHeads}, {"fusion", MissingRule::kFusion}},
                "how a row that lacks a modality is classified");
  fields.choice("constant_feature", c.constant_feature,
                {{"keep", data::ConstantFeature::kKeep}, {"zero", data::ConstantFeature::kZero}},
                "a feature without spread in training");
  fields.choice("auc", c.auc,
                {{"probability", AucScore::kProbability}, {"margin", AucScore::kMargin}},
                "what ranks rows for the AUC");
  if (c.contrast.enabled == Switch::kUnset) {
    throw Error(
        {.what = "the official preset needs contrast.enabled=true or contrast.enabled=false",
         .remedy = "the released commands leave the contrastive term off, the paper has it on: say "
                   "which"});
  }
}

int64_t mixup_epochs(const ContrastConfig& c, int64_t epochs) {
  return static_cast<int64_t>(std::floor(c.mixup_phase * static_cast<double>(epochs)));
}

}  // namespace relata::systems::m3col
