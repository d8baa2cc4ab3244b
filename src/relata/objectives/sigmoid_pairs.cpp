#include "relata/objectives/sigmoid_pairs.h"

#include "relata/objectives/positives.h"

namespace relata::objectives {
namespace {

using torch::Tensor;

constexpr double kLinear = 40;

/// L = −1/N Σ_ij log σ(z_ij S_ij),   z_ij = 1 for pairs that belong together, else −1
class SigmoidPairs : public TiledLoss {
 public:
  SigmoidPairs(const Positives& positives, const Tensor& a)
      : positives_(positives), sum_(torch::zeros({}, a.options().dtype(torch::kFloat64))) {}

  void see(const Tile& tile, const Tensor& s) override {
    // −log σ(z S) = log(1 + exp(−z S)), which is −z S to the last digit beyond kLinear
    if (const auto y = positives_.mask(tile)) s.copy_(torch::where(*y, -s, s));
    Tensor in_place = s;
    at::softplus_out(in_place, s, /*beta=*/1, kLinear);
    sum_ += s.sum(torch::kFloat64);
  }

  Tensor value() const override { return sum_ / batch(); }

  Tensor slope(const Tile& tile, const Tensor& s) override {
    // dL/dS_ij = −z_ij σ(−z_ij S_ij) / N = [ σ(S_ij) − y_ij ] / N
    s.sigmoid_();
    if (const auto y = positives_.mask(tile)) s.sub_(y->to(s.scalar_type()));
    return s.div_(batch());
  }

 private:
  double batch() const { return static_cast<double>(positives_.count().size(0)); }

  Positives positives_;
  Tensor sum_;
};

}  // namespace

Tensor sigmoid_pairs(const Tensor& a, const Tensor& b, const Tensor& scale, const Tensor& bias,
                     const SigmoidPairsOptions& options) {
  const Logits logits = checked_logits("sigmoid_pairs", a, b, scale, bias);
  const Positives positives("sigmoid_pairs", options.ids, logits.a);
  return tiled(c10::make_intrusive<SigmoidPairs>(positives, logits.a.detach()), logits,
               options.tile);
}

}  // namespace relata::objectives
