#include "relata/models/patches.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "relata/base/error.h"
#include "relata/io/dtype.h"

namespace relata::models {

using torch::Tensor;

Tensor cut_patches(const Tensor& pixels, int64_t side) {
  if (pixels.dim() != 4 || pixels.size(2) < side || pixels.size(3) < side) {
    throw Error({.what = fmt::format("pixels {} for patches of {} by {}",
                                     io::shape_text(pixels.sizes().vec()), side, side),
                 .remedy = "pixels are [batch, channels, height, width]"});
  }
  const int64_t rows = pixels.size(2) / side;
  const int64_t columns = pixels.size(3) / side;
  return pixels.narrow(2, 0, rows * side)
      .narrow(3, 0, columns * side)
      .view({pixels.size(0), pixels.size(1), rows, side, columns, side})
      .permute({0, 2, 4, 1, 3, 5})
      .reshape({pixels.size(0), rows * columns, pixels.size(1) * side * side});
}

void check_patch_grid(const Tensor& pixels, int64_t channels, int64_t side, Grid grid) {
  if (pixels.dim() == 4 && pixels.size(1) == channels &&
      Grid{pixels.size(2) / side, pixels.size(3) / side} == grid)
    return;
  throw Error({.what = fmt::format(
                   "pixels {} for a tower of {} channels and {} by {} patches of {}",
                   io::shape_text(pixels.sizes().vec()), channels, grid.rows, grid.columns, side),
               .remedy = "resize the pictures, or the grid of positions"});
}

Tensor resize_positions(const Tensor& positions, Grid from, Grid to, GridFilter filter) {
  if (from == to) return positions;
  const int64_t width = positions.size(1);
  const Tensor grid = positions.narrow(0, 1, from.rows * from.columns)
                          .view({1, from.rows, from.columns, width})
                          .permute({0, 3, 1, 2});
  const std::vector<int64_t> size{to.rows, to.columns};
  const Tensor resized =
      filter == GridFilter::kBilinear
          ? at::upsample_bilinear2d(grid, size, false, std::nullopt, std::nullopt)
          : at::upsample_bicubic2d(grid, size, false, std::nullopt, std::nullopt);
  const Tensor flat = resized.permute({0, 2, 3, 1}).reshape({to.rows * to.columns, width});
  return torch::cat({positions.narrow(0, 0, 1), flat});
}

}  // namespace relata::models
