// The losses of all pairs of a batch as their equations say them, with S [batch, batch] held whole;
// and batches to try them on.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <string>
#include <vector>

#include "relata/objectives/rows.h"
#include "support/tensors.h"

namespace relata::objectives::plain {

using torch::Tensor;

inline Tensor cosines(const Tensor& a, const Tensor& b) {
  return UnitRows(a).n.mm(UnitRows(b).n.t());
}

/// y_ij = [ids_i = ids_j]
inline Tensor together(const Tensor& ids, const Tensor& a) {
  const Tensor own = ids.defined() ? ids : torch::arange(a.size(0));
  return (own.unsqueeze(1) == own.unsqueeze(0)).to(a.scalar_type());
}

inline Tensor info_nce(const Tensor& a, const Tensor& b, const Tensor& scale,
                       const Tensor& ids = {}) {
  const Tensor s = scale * cosines(a, b);
  const Tensor y = together(ids, a);
  const Tensor q = y / y.sum(1, true);
  return 0.5 * (soft_cross_entropy(s, q) + soft_cross_entropy(s.t(), q));
}

inline Tensor kl(const Tensor& s, const Tensor& q, double epsilon) {
  const Tensor log_p = torch::log_softmax(s, 1);
  return (log_p.exp() * (log_p - (q + epsilon).log())).sum(1).mean();
}

inline Tensor sdm(const Tensor& text, const Tensor& image, const Tensor& ids, const Tensor& scale,
                  double epsilon = 1e-8) {
  const Tensor s = scale * cosines(text, image);
  const Tensor y = together(ids, text);
  const Tensor q = y / y.sum(1, true);
  return kl(s, q, epsilon) + kl(s.t(), q, epsilon);
}

inline Tensor sigmoid_pairs(const Tensor& a, const Tensor& b, const Tensor& scale,
                            const Tensor& bias, const Tensor& ids = {}) {
  const Tensor z = 2 * together(ids, a) - 1;
  const Tensor s = scale * cosines(a, b) + bias;
  return -torch::log_sigmoid(z * s).sum() / a.size(0);
}

/// A batch that a loss is tried on.
struct Batch {
  std::string name;
  Tensor a, b, ids;
  double scale = 5;
};

inline std::vector<Batch> batches(torch::ScalarType type) {
  torch::manual_seed(7);
  const auto rows = [&](int64_t n, int64_t width) { return torch::randn({n, width}, type); };
  std::vector<Batch> all;
  all.push_back({"one row", rows(1, 3), rows(1, 3), test::integers({4})});
  all.push_back({"odd", rows(11, 5), rows(11, 5),
                 test::integers({3, 1, 3, -9, 5, 1, 3, 1L << 40, 8, 9, 10})});
  all.push_back({"ids all equal", rows(6, 4), rows(6, 4), torch::full({6}, 2, torch::kInt64)});
  all.push_back({"ids all different", rows(5, 4), rows(5, 4), test::integers({4, 0, 9, 7, 2})});
  all.push_back({"hot", rows(9, 6), rows(9, 6), test::integers({1, 1, 2, 2, 3, 3, 4, 4, 5}), 100});
  all.push_back({"cold", rows(9, 6), rows(9, 6), test::integers({1, 1, 2, 2, 3, 3, 4, 4, 5}), 0});
  all.push_back({"turned round", rows(4, 3), rows(4, 3), test::integers({1, 2, 2, 3}), -3});
  Batch equal{"equal rows", rows(8, 4), {}, test::integers({1, 1, 1, 2, 3, 4, 5, 6})};
  equal.a.slice(0, 2, 5).copy_(equal.a[0].expand({3, 4}));
  equal.b = equal.a.clone();
  all.push_back(equal);
  return all;
}

/// Value and gradients by each input.
using Loss = std::function<Tensor(const std::vector<Tensor>&)>;
inline std::vector<Tensor> with_gradients(const Loss& loss, const std::vector<Tensor>& inputs) {
  std::vector<Tensor> leaves;
  for (const Tensor& x : inputs) leaves.push_back(x.detach().clone().requires_grad_());
  const Tensor value = loss(leaves);
  value.backward();
  std::vector<Tensor> results{value.detach()};
  for (const Tensor& leaf : leaves) results.push_back(leaf.grad());
  return results;
}

/// Expects the value and every gradient of `ours` to be those of `theirs`.
inline void expect_equal(const Loss& ours, const Loss& theirs, const std::vector<Tensor>& inputs,
                         double tolerance) {
  const auto x = with_gradients(ours, inputs), y = with_gradients(theirs, inputs);
  for (size_t i = 0; i < x.size(); ++i) {
    const double size = std::max(1.0, y[i].abs().max().item<double>());
    EXPECT_LT(test::distance(x[i], y[i]), tolerance * size)
        << (i == 0 ? "value" : "gradient by ") << i;
  }
}

/// Expects value and gradients of `ours` in single precision to be within 1e-5 of what `theirs`
/// gives in double or, where the logits are so large that their last digit is more than that,
/// within twice the error that `theirs` makes in single precision.
inline void expect_as_precise(const Loss& ours, const Loss& theirs,
                              const std::vector<Tensor>& inputs) {
  std::vector<Tensor> doubled;
  for (const Tensor& x : inputs) doubled.push_back(x.to(torch::kFloat64));
  const auto truth = with_gradients(theirs, doubled);
  const auto x = with_gradients(ours, inputs), y = with_gradients(theirs, inputs);
  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(x[i].scalar_type(), torch::kFloat32);
    const double size = std::max(1.0, truth[i].abs().max().item<double>());
    EXPECT_LT(test::distance(x[i], truth[i]),
              std::max(1e-5 * size, 2 * test::distance(y[i], truth[i])))
        << (i == 0 ? "value" : "gradient by ") << i;
  }
}

}  // namespace relata::objectives::plain
