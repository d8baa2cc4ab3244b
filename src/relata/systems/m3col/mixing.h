// The random part of M3Co: who is mixed with whom, and how much.
#pragma once

#include <torch/types.h>

#include <string>

#include "relata/objectives/mixup_clip.h"
#include "relata/systems/m3col/config.h"
#include "relata/train/system.h"

namespace relata::systems::m3col {

/// Draws one mixing of `rows` rows: a permutation, then b ~ Beta, then who is selected (the order
/// of the release); b is 1 for those that are not.
objectives::Mixing draw_mixing(int64_t rows, const ContrastConfig& config,
                               torch::Generator& generator);

/// A role's mixing among the draws of a batch.
void put_mixing(train::Draws& draws, const std::string& role, const objectives::Mixing& mixing);
objectives::Mixing get_mixing(const train::Draws& draws, const std::string& role);

}  // namespace relata::systems::m3col
