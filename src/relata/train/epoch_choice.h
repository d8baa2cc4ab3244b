// Choosing an epoch by cross-validation: candidates on a grid, a mean over folds, smoothed, the
// earliest best.
#pragma once

#include <cstdint>
#include <vector>

#include "relata/train/config.h"
#include "relata/train/result.h"

namespace relata::train {

struct EpochChoice {
  int64_t epoch = 0;  ///< 0-based
  double score = 0;   ///< smoothed mean there
  std::vector<int64_t> candidates;
  std::vector<double> mean;  ///< over the folds, per candidate
  std::vector<double> smoothed;
};

/// From the fold jobs' evaluations on their own held-out rows. Throws Error if they do not share
/// candidates or the metric is undefined. Source: protocol row P2 of systems/m3col/README.md.
EpochChoice choose_epoch(const std::vector<JobResult>& folds, const SelectionConfig& select);

/// Centred mean of `width` points, cut at the ends.
std::vector<double> centred_mean(const std::vector<double>& values, int64_t width);

}  // namespace relata::train
