#include "relata/objectives/sdm.h"

#include <fmt/format.h>

#include <cmath>

#include "relata/base/error.h"
#include "relata/objectives/positives.h"
#include "relata/objectives/running_softmax.h"
#include "relata/objectives/scratch.h"

namespace relata::objectives {
namespace {

using torch::Tensor;

/// log(q_ij + ε), q_ij = y_ij / Σ_k y_ik: one value for the positives of a row, one for all others.
class LogTarget {
 public:
  LogTarget(const Positives& positives, double epsilon)
      : of_positives_(((1 / positives.count().to(torch::kFloat64)) + epsilon)
                          .log()
                          .to(positives.count().scalar_type())),
        of_others_(torch::full({}, std::log(epsilon), positives.count().options())) {}

  /// [rows, columns]; transposed it is that of the turned tile, since q_ij = q_ji. Lives until the
  /// next call.
  Tensor of(const Tile& tile, const Tensor& y) {
    Tensor log_q = buffer_.like(y, of_positives_.scalar_type());
    return at::where_out(log_q, y, tile.of_rows(of_positives_).unsqueeze(1), of_others_);
  }

 private:
  Tensor of_positives_;  ///< [batch]
  Tensor of_others_;     ///< a scalar
  Scratch buffer_;
};

/// ℓ(S) = mean_i L_i,   L_i = Σ_j P_ij A_ij,   A_ij = log P_ij − log(q_ij + ε),   P = softmax(S)
class Direction {
 public:
  explicit Direction(const Tensor& a)
      : softmax_(a.size(0), a), weighted_(torch::zeros({a.size(0)}, a.options())) {}

  void see(const Tile& tile, const Tensor& s, const Tensor& log_q) {
    const auto seen = softmax_.see(tile.row, s);
    // T = Σ_j exp(S − m) (S − m − log(q + ε)): where m rises, each older term loses the rise
    const Tensor t = tile.of_rows(weighted_);
    t.sub_(seen.sum_was * seen.rise).mul_(seen.shrinkage);
    t.add_(seen.centred.sub_(log_q).mul_(seen.weights).sum(1));
  }

  /// mean_i L_i
  Tensor value() const { return losses(weighted_, softmax_.sum()).mean(torch::kFloat64); }

  /// N dℓ/dS_ij = P_ij (A_ij − L_i)
  Tensor slope(const Tile& tile, const Tensor& s, const Tensor& log_q) {
    const Tensor log_p = softmax_.log_probability(tile.row, s);
    Tensor p = p_.like(s);
    at::exp_out(p, log_p);
    const Tensor l = losses(tile.of_rows(weighted_), tile.of_rows(softmax_.sum()));
    return log_p.sub_(log_q).sub_(l.unsqueeze(1)).mul_(p);
  }

 private:
  /// L_i = T / z − log z
  static Tensor losses(const Tensor& t, const Tensor& z) { return t / z - z.log(); }

  RunningSoftmax softmax_;
  Tensor weighted_;  ///< T [batch]
  Scratch p_;
};

/// L = ℓ(S) + ℓ(Sᵀ)
class Sdm : public TiledLoss {
 public:
  Sdm(const Positives& positives, const Tensor& text, double epsilon)
      : positives_(positives), target_(positives, epsilon), text_(text), image_(text) {}

  void see(const Tile& tile, const Tensor& s) override {
    const Tensor log_q = target_.of(tile, *positives_.mask(tile));
    text_.see(tile, s, log_q);
    image_.see(tile.turned(), s.t(), log_q.t());
  }

  Tensor value() const override { return text_.value() + image_.value(); }

  Tensor slope(const Tile& tile, const Tensor& s) override {
    const Tensor log_q = target_.of(tile, *positives_.mask(tile));
    const Tensor g = text_.slope(tile, s, log_q);
    g.add_(image_.slope(tile.turned(), s.t(), log_q.t()).t());
    return g.div_(static_cast<double>(positives_.count().size(0)));
  }

 private:
  Positives positives_;
  LogTarget target_;
  Direction text_, image_;
};

}  // namespace

Tensor sdm(const Tensor& text, const Tensor& image, const Tensor& ids, const Tensor& scale,
           const SdmOptions& options) {
  const Logits logits = checked_logits("sdm", text, image, scale);
  if (!ids.defined())
    throw Error({.what = "there are no ids", .where = "sdm", .remedy = "give one for each row"});
  if (!(options.epsilon > 0))
    throw Error({.what = fmt::format("epsilon is {}, but must be above 0", options.epsilon),
                 .where = "sdm"});
  const Positives positives("sdm", ids, logits.a);
  return tiled(c10::make_intrusive<Sdm>(positives, logits.a.detach(), options.epsilon), logits,
               options.tile);
}

}  // namespace relata::objectives
