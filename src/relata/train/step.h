// The gradient of one effective batch, whole or in micro-batches.
#pragma once

#include <span>

#include "relata/nn/linear.h"
#include "relata/train/system.h"

namespace relata::train {

enum class Accumulation {
  kExact,  ///< the gradient of the whole effective batch, whatever the micro-batches
  kMean,   ///< the mean of the micro-batches' own gradients
  kSum,    ///< their sum
};

struct StepOptions {
  Accumulation accumulation = Accumulation::kExact;
  /// kBf16: System::forward under autocast. What it encodes is widened to float32 and objectives
  /// run in float32.
  nn::Precision precision = nn::Precision::kFp32;
};

/// Adds the gradient to the parameters' `grad`, which the caller has cleared, and returns the loss.
///
/// Exact, one micro-batch: one pass. Several with an objective: a pass without graph, the objective
/// on leaf copies of what was encoded, a second pass with torch's generator restored for each
/// micro-batch; module buffers change in that pass only. Several without: one pass, each part
/// divided by its count over all micro-batches (System::counts). Throws Error, naming the module,
/// for what exact accumulation cannot do: training-mode BatchNorm or a forward that reads other
/// rows, with more than one micro-batch.
StepLoss accumulate_gradient(System& system, std::span<const data::Batch> batches,
                             const Progress& progress, const StepOptions& options);

}  // namespace relata::train
