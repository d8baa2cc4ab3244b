#include "relata/systems/m3col/mixing.h"

#include <ATen/ops/_sample_dirichlet.h>

namespace relata::systems::m3col {

objectives::Mixing draw_mixing(int64_t rows, const ContrastConfig& config,
                               torch::Generator& generator) {
  const torch::Tensor permutation = torch::randperm(rows, generator, torch::kInt64);
  // The first of a two-component Dirichlet is Beta; this is how PyTorch's Beta distribution draws,
  // number for number.
  const torch::Tensor concentration = torch::full({rows, 2}, config.beta, torch::kFloat32);
  const torch::Tensor b = at::_sample_dirichlet(concentration, generator).select(/*dim=*/1, 0);
  const torch::Tensor selected = torch::rand({rows}, generator) <= config.mixed_share;
  return {.permutation = permutation,
          .coefficients = torch::where(selected, b, torch::ones_like(b))};
}

void put_mixing(train::Draws& draws, const std::string& role, const objectives::Mixing& mixing) {
  draws["permutation." + role] = mixing.permutation;
  draws["coefficients." + role] = mixing.coefficients;
}

objectives::Mixing get_mixing(const train::Draws& draws, const std::string& role) {
  return {.permutation = draws.at("permutation." + role),
          .coefficients = draws.at("coefficients." + role)};
}

}  // namespace relata::systems::m3col
