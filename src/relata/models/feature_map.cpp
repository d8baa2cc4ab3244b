#include "relata/models/feature_map.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "relata/base/error.h"
#include "relata/io/dtype.h"

namespace relata::models {

using torch::Tensor;

void check_pixels(const Tensor& pixels, int64_t smallest) {
  const bool fit = pixels.dim() == 4 && pixels.size(1) == 3 && pixels.size(2) >= smallest &&
                   pixels.size(3) >= smallest;
  if (fit) return;
  throw Error({.what = fmt::format("pixels {} for a network of 3 channels and sides of {} or more",
                                   io::shape_text(pixels.sizes().vec()), smallest),
               .remedy = "resize the pictures"});
}

TowerOutput tower_of_map(const Tensor& map) {
  const Tensor wide = at::isReducedFloatingType(map.scalar_type()) ? map.to(torch::kFloat32) : map;
  TowerOutput output{
      .tokens = wide.flatten(2).transpose(1, 2), .pooled = wide.mean({2, 3}), .embedding = {}};
  output.embedding = output.pooled;
  return output;
}

}  // namespace relata::models
