#include "relata/objectives/rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/nn/functional/normalization.h>

#include "relata/base/error.h"

namespace relata::objectives {
namespace {

std::string shape_text(const torch::Tensor& x) {
  return fmt::format("[{}]", fmt::join(x.sizes(), ", "));
}

}  // namespace

void check_same_matrix(std::string_view objective, const torch::Tensor& a, const torch::Tensor& b) {
  if (a.dim() == 2 && a.sizes() == b.sizes()) return;
  throw Error({.what = fmt::format("a is {} but b is {}; both must be [batch, width]",
                                   shape_text(a), shape_text(b)),
               .where = std::string(objective)});
}

UnitRows::UnitRows(const torch::Tensor& x) : n(x) {
  namespace F = torch::nn::functional;
  if (x.dim() == 2) n = F::normalize(x, F::NormalizeFuncOptions().p(2).dim(1).eps(kLeastNorm));
}

torch::Tensor soft_cross_entropy(const torch::Tensor& logits, const torch::Tensor& target) {
  return -(target * torch::log_softmax(logits, /*dim=*/1)).sum(1).mean();
}

}  // namespace relata::objectives
