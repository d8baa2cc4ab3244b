// Every constant of M3CoL on tabular modalities, once: default, meaning, source.
// Sources: (C name) released code and its option, (P) paper (arXiv 2409.17777), (D) the authors'
// development code, (r) relata's own. Where paper and code differ an enum names both; README.md
// lists the discrepancies.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "relata/base/config.h"
#include "relata/data/transform.h"
#include "relata/objectives/mixup_clip.h"
#include "relata/objectives/pairs.h"
#include "relata/objectives/soft_clip.h"

namespace relata::systems::m3col {

/// Which set of choices the other keys start from.
enum class Preset {
  kOfficial,  ///< the released code, whose README leaves the contrastive term off:
              ///< `contrast.enabled` must be said
  kPaper,     ///< official, with contrast, a clean fixed side, mixing of the inputs
  kFixed,     ///< official, with contrast, and the defects of the release mended
};

/// Which tensor is the fixed side B of the mixup term.
enum class FixedSide {
  kMixed,  ///< (C) B has been mixed in place before it is used
  kClean,  ///< (P figure 1)
};

/// What is mixed.
enum class MixSpace {
  kEmbedding,  ///< (C) encoder outputs
  kInput,      ///< (P caption of figure 1, for what is not text) the values; then encoded
};

enum class Switch { kUnset, kOff, kOn };

/// What ranks rows for the area under the ROC curve.
enum class AucScore {
  kProbability,  ///< (C) float32 softmax, whose saturated values tie
  kMargin,       ///< logit of the class minus the log-sum-exp of the others, in double
};

/// How a row that lacks a modality is classified.
enum class MissingRule {
  kHeads,   ///< mean of the probabilities of the unimodal heads that have their input
  kFusion,  ///< fusion with zeros in the place of a missing embedding; sensible after modality
            ///< dropout
};

struct ModelConfig {
  int64_t embedding = 1000;  ///< width of the encoders, hidden and out   (C; 768 for BRCA)
  int64_t hidden = 1000;     ///< width inside the heads                  (C post; 768 for BRCA)
  double head_dropout = 0;   ///< declared as 0.5 in the release and never applied (C)
};
void describe(Fields& fields, ModelConfig& config);

/// Contrastive part. M3Co for the first `mixup_phase` of the epochs, MultiSClip afterwards.
struct ContrastConfig {
  Switch enabled = Switch::kUnset;
  double weight = 0.1;              ///< factor of L_con in the total            (C lambda_mixup)
  double mixup_temperature = 0.1;   ///< τ of M3Co                               (C)
  double soft_temperature = 0.125;  ///< τ of MultiSClip, targets and logits     (C)
  double beta = 0.15;               ///< b_i ~ Beta(beta, beta), one per row     (C mixup_beta)
  double mixed_share = 0.5;         ///< probability that a row is mixed         (C mixup_s_thresh)
  double mixup_phase = 0.33;        ///< fraction of epochs with M3Co            (C mixup_pct)
  FixedSide fixed_side = FixedSide::kMixed;
  MixSpace mix_space = MixSpace::kEmbedding;
  objectives::FixedPoint fixed_point = objectives::FixedPoint::kOverwrite;
  objectives::PairScheme pairs = objectives::PairScheme::kCyclic;
  objectives::BackwardTargets backward =
      objectives::BackwardTargets::kAsReleased;  ///< row_normalise, in no preset
  objectives::SoftTargets targets =
      objectives::SoftTargets::kAttached;  ///< detach_targets, in no preset

  bool on() const { return enabled == Switch::kOn; }
};
void describe(Fields& fields, ContrastConfig& config);

struct Config {
  Preset preset = Preset::kOfficial;
  std::vector<std::string>
      roles;  ///< in the order that cyclic pairs follow; empty: every vector field (r)
  std::map<std::string, std::string> bind;  ///< role: field, where they differ (r)
  std::string label;                        ///< empty: the dataset's only class label (r)
  ModelConfig model;
  ContrastConfig contrast;
  bool unimodal_losses = true;  ///< Σ_m CE(head_m); off is the release's no_uni_pred  (C)
  double modality_dropout =
      0;  ///< probability that fusion does not see a modality of a row while training (r)
  MissingRule missing = MissingRule::kHeads;
  data::ConstantFeature constant_feature = data::ConstantFeature::kKeep;
  AucScore auc = AucScore::kProbability;
};
/// Throws Error if contrast.enabled is unset where the preset does not say it.
void describe(Fields& fields, Config& config);

/// The values that a preset starts from.
Config preset_config(Preset preset);

/// Epochs in which M3Co is used: floor(mixup_phase · epochs).
int64_t mixup_epochs(const ContrastConfig& config, int64_t epochs);

}  // namespace relata::systems::m3col
