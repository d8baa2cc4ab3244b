// Pictures cut into patches, and the grid of learned positions that goes with them.
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace relata::models {

/// pixels [batch, channels, height, width] → [batch, patches, channels · side²], patches row by row
/// and each in the layout of a convolution's kernel, so that a linear layer over it is the
/// convolution of stride `side`. What is left over at the right and the bottom is not seen.
torch::Tensor cut_patches(const torch::Tensor& pixels, int64_t side);

struct Grid {
  int64_t rows = 0;
  int64_t columns = 0;
  bool operator==(const Grid&) const = default;
};

/// Throws Error unless pixels are [batch, channels, height, width] and give that grid of patches.
void check_patch_grid(const torch::Tensor& pixels, int64_t channels, int64_t side, Grid grid);

enum class GridFilter { kBilinear, kBicubic };

/// Positions [1 + rows · columns, width] (the first is the class token's and stays) for another
/// grid; half-pixel centres, no antialiasing. Source: IRRA's `resize_pos_embed` (bilinear), Hugging
/// Face's `interpolate_pos_encoding` (bicubic).
torch::Tensor resize_positions(const torch::Tensor& positions, Grid from, Grid to,
                               GridFilter filter);

}  // namespace relata::models
