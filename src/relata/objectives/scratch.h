// A buffer that is used again for each tile, so that the passes over a tile allocate nothing.
#pragma once

#include <torch/types.h>

namespace relata::objectives {

class Scratch {
 public:
  /// A tensor of the shape and the order of elements of `x`, which is dense; its values are
  /// whatever was there. It lives until the next call.
  torch::Tensor like(const torch::Tensor& x, torch::ScalarType type) {
    return room(x.numel(), x.options().dtype(type)).as_strided(x.sizes(), x.strides());
  }
  torch::Tensor like(const torch::Tensor& x) { return like(x, x.scalar_type()); }

  /// The same of a row-major matrix.
  torch::Tensor matrix(int64_t rows, int64_t columns, const torch::TensorOptions& options) {
    return room(rows * columns, options).narrow(0, 0, rows * columns).view({rows, columns});
  }

 private:
  const torch::Tensor& room(int64_t size, const torch::TensorOptions& options) {
    if (!buffer_.defined() || buffer_.numel() < size) buffer_ = torch::empty({size}, options);
    return buffer_;
  }

  torch::Tensor buffer_;
};

}  // namespace relata::objectives
