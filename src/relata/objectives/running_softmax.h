// log Σ_j exp S_ij of rows that come piece by piece. The largest logit so far is kept apart from
// the logarithm of the rest, so that a row whose softmax is saturated keeps its digits.
#pragma once

#include <torch/types.h>

namespace relata::objectives {

class RunningSoftmax {
 public:
  /// Of `rows` rows; `like` gives type and device.
  RunningSoftmax(int64_t rows, const torch::Tensor& like);

  /// A piece s [n, columns] of rows begin … begin + n − 1. Returns exp(S − m) of it [n, columns],
  /// m the largest logits of these rows so far, and by which factor older sums in that unit shrink
  /// [n]; both of use to sums that run along.
  struct Seen {
    torch::Tensor weights;
    torch::Tensor largest;    ///< m [n]
    torch::Tensor was;        ///< m before this piece [n]
    torch::Tensor shrinkage;  ///< exp(was − m) [n]
  };
  Seen see(int64_t begin, const torch::Tensor& s);

  /// m [rows] and z [rows] with Σ_j exp S_ij = exp(m_i) z_i.
  const torch::Tensor& largest() const { return m_; }
  const torch::Tensor& sum() const { return z_; }

  /// log P of a piece s [n, columns]: S − log Σ exp S, a new tensor.
  torch::Tensor log_probability(int64_t begin, const torch::Tensor& s) const;

 private:
  torch::Tensor m_;
  torch::Tensor z_;
};

}  // namespace relata::objectives
