// What convolutional encoders have in common: pictures in, a map of features out.
#pragma once

#include <torch/types.h>

#include "relata/models/tower.h"

namespace relata::models {

/// Throws Error unless pixels are [batch, 3, height, width] with sides of `smallest` or more.
void check_pixels(const torch::Tensor& pixels, int64_t smallest);

/// map [batch, channels, rows, columns] → `tokens` [batch, rows · columns, channels], row by row;
/// `pooled` and `embedding` their mean. A bfloat16 map becomes float32 first.
TowerOutput tower_of_map(const torch::Tensor& map);

}  // namespace relata::models
