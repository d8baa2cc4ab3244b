#include "relata/objectives/mixup_clip.h"

#include <fmt/format.h>

#include "relata/base/error.h"

namespace relata::objectives {
namespace {

void check_mixing(const Mixing& mixing, int64_t batch) {
  if (mixing.permutation.numel() == batch && mixing.coefficients.numel() == batch) return;
  throw Error({.what = fmt::format("{} rows, but a permutation of {} and {} coefficients", batch,
                                   mixing.permutation.numel(), mixing.coefficients.numel()),
               .where = "mixup_clip"});
}

}  // namespace

torch::Tensor mix_rows(const torch::Tensor& x, const Mixing& mixing) {
  check_mixing(mixing, x.size(0));
  std::vector<int64_t> column(static_cast<size_t>(x.dim()), 1);
  column[0] = -1;
  // x̃_i = c_i x_i + (1 − c_i) x_perm(i)
  const torch::Tensor c = mixing.coefficients.to(x.dtype()).view(column);
  return c * x + (1 - c) * x.index_select(0, mixing.permutation);
}

torch::Tensor mixup_targets(const Mixing& mixing, FixedPoint fixed_point) {
  const torch::Tensor partner = mixing.permutation.unsqueeze(1);
  const torch::Tensor rest = (1 - mixing.coefficients).unsqueeze(1);
  const torch::Tensor t = torch::diag(mixing.coefficients);
  return fixed_point == FixedPoint::kOverwrite ? t.scatter(1, partner, rest)
                                               : t.scatter_add(1, partner, rest);
}

torch::Tensor mixup_clip(const torch::Tensor& a_mixed, const torch::Tensor& b, const Mixing& mixing,
                         const MixupClipOptions& options) {
  return mixup_clip(UnitRows(a_mixed), UnitRows(b), mixing, options);
}

torch::Tensor mixup_clip(const UnitRows& a_mixed, const UnitRows& b, const Mixing& mixing,
                         const MixupClipOptions& options) {
  const auto& [n_a] = a_mixed;
  const auto& [n_b] = b;
  check_same_matrix("mixup_clip", n_a, n_b);
  check_mixing(mixing, n_a.size(0));
  // 1 − c is formed in the wider type, as mix_rows forms it: float32 draws fit a double model.
  const auto wide = at::promoteTypes(mixing.coefficients.scalar_type(), n_a.scalar_type());
  const torch::Tensor t = mixup_targets({.permutation = mixing.permutation,
                                         .coefficients = mixing.coefficients.to(wide)},
                                        options.fixed_point)
                              .to(n_a.dtype());
  torch::Tensor t_back = t.t();
  if (options.backward == BackwardTargets::kNormalised) {
    t_back = t_back / t_back.sum(1, /*keepdim=*/true).clamp_min(1e-12);
  }
  // S = n(Ã) n(B)ᵀ / τ
  const torch::Tensor s = n_a.mm(n_b.t()) / options.temperature;
  // ℓ(A→B) = ½ [ −mean_i Σ_j T_ij lsm(S)_ij − mean_i Σ_j Tᵀ_ij lsm(Sᵀ)_ij ]
  return 0.5 * (soft_cross_entropy(s, t) + soft_cross_entropy(s.t(), t_back));
}

}  // namespace relata::objectives
