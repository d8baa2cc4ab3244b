#include "relata/objectives/info_nce.h"

#include "relata/objectives/positives.h"
#include "relata/objectives/running_softmax.h"

namespace relata::objectives {
namespace {

using torch::Tensor;

/// ℓ(S) = −mean_i Σ_j q_ij lsm(S)_ij = mean_i [ log Σ_j exp S_ij − Σ_j q_ij S_ij ],
/// q_ij = y_ij / Σ_k y_ik
class Direction {
 public:
  explicit Direction(const Tensor& a)
      : softmax_(a.size(0), a),
        positive_(torch::zeros({a.size(0)}, a.options().dtype(torch::kFloat64))) {}

  void see(const Tile& tile, const Tensor& s, const std::optional<Tensor>& y) {
    softmax_.see(tile.row, s);
    if (y) tile.of_rows(positive_).add_((s * *y).sum(1, false, torch::kFloat64));
  }

  Tensor value(const Tensor& count) const {
    const Tensor to_largest = softmax_.largest().to(torch::kFloat64) - positive_ / count;
    return (softmax_.sum().to(torch::kFloat64).log() + to_largest).mean();
  }

  /// P_ij
  Tensor probability(const Tile& tile, const Tensor& s) {
    return softmax_.log_probability(tile.row, s).exp_();
  }

 private:
  RunningSoftmax softmax_;
  Tensor positive_;  ///< Σ_j y_ij S_ij [batch] float64
};

/// L = ½ [ ℓ(S) + ℓ(Sᵀ) ]
class InfoNce : public TiledLoss {
 public:
  InfoNce(const Positives& positives, const Tensor& a)
      : positives_(positives), forth_(a), back_(a), batch_(a.size(0)) {}

  void see(const Tile& tile, const Tensor& s) override {
    const auto y = positives_.mask(tile);
    forth_.see(tile, s, y);
    back_.see(tile.turned(), s.t(), y ? std::optional(y->t()) : std::nullopt);
  }

  Tensor value() const override {
    return 0.5 * (forth_.value(positives_.count()) + back_.value(positives_.count()));
  }

  Tensor slope(const Tile& tile, const Tensor& s) override {
    // dL/dS_ij = [ P_ij − q_ij + P′_ji − q_ji ] / 2N, and q_ij = q_ji
    Tensor g = forth_.probability(tile, s);
    g += back_.probability(tile.turned(), s.t()).t();
    if (const auto y = positives_.mask(tile)) {
      g -= *y * (2 / tile.of_rows(positives_.count())).unsqueeze(1);
    }
    return g.mul_(0.5 / static_cast<double>(batch_));
  }

 private:
  Positives positives_;
  Direction forth_, back_;
  int64_t batch_;
};

}  // namespace

Tensor info_nce(const Tensor& a, const Tensor& b, const Tensor& scale,
                const InfoNceOptions& options) {
  const Logits logits = checked_logits("info_nce", a, b, scale);
  const Positives positives("info_nce", options.ids, logits.a);
  return tiled(c10::make_intrusive<InfoNce>(positives, logits.a.detach()), logits, options.tile);
}

}  // namespace relata::objectives
