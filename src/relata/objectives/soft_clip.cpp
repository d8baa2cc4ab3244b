#include "relata/objectives/soft_clip.h"

namespace relata::objectives {

torch::Tensor soft_clip(const torch::Tensor& a, const torch::Tensor& b, double temperature,
                        SoftTargets targets) {
  return soft_clip(UnitRows(a), UnitRows(b), temperature, targets);
}

torch::Tensor soft_clip(const UnitRows& a, const UnitRows& b, double temperature,
                        SoftTargets targets) {
  const auto& [n_a] = a;
  const auto& [n_b] = b;
  check_same_matrix("soft_clip", n_a, n_b);
  // Q = sm(n(B) n(B)ᵀ / τ)        S = n(A) n(B)ᵀ / τ
  torch::Tensor q = torch::softmax(n_b.mm(n_b.t()) / temperature, /*dim=*/1);
  if (targets == SoftTargets::kDetached) q = q.detach();
  const torch::Tensor s = n_a.mm(n_b.t()) / temperature;
  // ℓ = ½ [ −mean_i Σ_j Q_ij lsm(S)_ij − mean_i Σ_j Q_ij lsm(Sᵀ)_ij ]
  return 0.5 * (soft_cross_entropy(s, q) + soft_cross_entropy(s.t(), q));
}

}  // namespace relata::objectives
