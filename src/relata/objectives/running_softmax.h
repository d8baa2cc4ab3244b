// log Σ_j exp S_ij of rows that come piece by piece. The largest logit so far is kept apart from
// the logarithm of the rest, so that a row whose softmax is saturated keeps its digits.
#pragma once

#include <torch/types.h>

#include "relata/objectives/scratch.h"

namespace relata::objectives {

class RunningSoftmax {
 public:
  /// Of `rows` rows; `like` gives type and device.
  RunningSoftmax(int64_t rows, const torch::Tensor& like);

  /// A piece of rows begin … begin + n − 1, and what sums that run along can make use of. The
  /// tensors [n, columns] live until the next call.
  struct Seen {
    torch::Tensor centred;    ///< S − m [n, columns], m the largest logits of the rows so far
    torch::Tensor weights;    ///< exp(S − m) [n, columns]
    torch::Tensor sum_was;    ///< z before this piece [n]
    torch::Tensor rise;       ///< m − m before this piece [n]
    torch::Tensor shrinkage;  ///< exp(−rise) [n]
  };
  Seen see(int64_t begin, const torch::Tensor& s);

  /// m [rows] and z [rows] with Σ_j exp S_ij = exp(m_i) z_i.
  const torch::Tensor& largest() const { return m_; }
  const torch::Tensor& sum() const { return z_; }

  /// log P of a piece s [n, columns]: S − log Σ exp S. Lives until the next call.
  torch::Tensor log_probability(int64_t begin, const torch::Tensor& s);

 private:
  torch::Tensor m_;
  torch::Tensor z_;
  Scratch centred_, weights_;
};

}  // namespace relata::objectives
