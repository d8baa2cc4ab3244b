#include "relata/objectives/running_softmax.h"

namespace relata::objectives {

using torch::Tensor;

// The least finite number, halved, and not −∞: differences from it stay finite.
RunningSoftmax::RunningSoftmax(int64_t rows, const Tensor& like)
    : m_(torch::full({rows}, like.scalar_type() == torch::kFloat64 ? -0x1p1022 : -0x1p126,
                     like.options())),
      z_(torch::zeros({rows}, like.options())) {}

RunningSoftmax::Seen RunningSoftmax::see(int64_t begin, const Tensor& s) {
  const Tensor m = m_.narrow(0, begin, s.size(0));
  const Tensor z = z_.narrow(0, begin, s.size(0));
  const Tensor largest = torch::maximum(m, s.amax(1));
  Seen seen{.centred = centred_.like(s),
            .weights = weights_.like(s),
            .sum_was = z.clone(),
            .rise = largest - m,
            .shrinkage = (m - largest).exp_()};
  m.copy_(largest);
  at::sub_out(seen.centred, s, m.unsqueeze(1));
  at::exp_out(seen.weights, seen.centred);
  // Σ exp(S − m) = exp(m_was − m) Σ_before exp(S − m_was) + Σ_piece exp(S − m)
  z.mul_(seen.shrinkage).add_(seen.weights.sum(1));
  return seen;
}

Tensor RunningSoftmax::log_probability(int64_t begin, const Tensor& s) {
  const Tensor m = m_.narrow(0, begin, s.size(0)).unsqueeze(1);
  const Tensor log_z = z_.narrow(0, begin, s.size(0)).log().unsqueeze(1);
  Tensor log_p = centred_.like(s);
  return at::sub_out(log_p, s, m).sub_(log_z);
}

}  // namespace relata::objectives
