// Retrieval metrics from features: scores are computed for a block of queries at a time and
// forgotten, so that memory grows with the gallery and not with queries × gallery.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <span>

#include "relata/metrics/retrieval.h"

namespace relata::metrics {

enum class Similarity {
  kCosine,  ///< rows of zeros score 0
  kDot,
};

/// queries [queries, width], gallery [gallery, width], any floating type (half precision is scored
/// in float32); ids one a row → as Retrieval reports. Beside the features there are a block of
/// scores of 32 MB (or one row) and, for cosines, the gallery scaled to unit length.
/// Throws Error for shapes and types that do not fit, and as Retrieval does.
RetrievalReport retrieval_from_features(const torch::Tensor& queries, const torch::Tensor& gallery,
                                        std::span<const int64_t> query_ids,
                                        std::span<const int64_t> gallery_ids,
                                        Similarity similarity = Similarity::kCosine,
                                        const RetrievalOptions& options = {});

}  // namespace relata::metrics
