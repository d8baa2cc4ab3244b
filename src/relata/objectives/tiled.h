// Losses of all pairs of a batch, computed tile by tile: memory grows with the batch and not with
// its square. Two passes over the logits S = s n(A) n(B)ᵀ + b: the first gives the value, the
// second, in the backward step, computes each tile again and gives the gradients.
#pragma once

#include <torch/custom_class.h>
#include <torch/types.h>

#include <optional>
#include <string_view>

namespace relata::objectives {

/// A rectangle of S [batch, batch].
struct Tile {
  int64_t row = 0;
  int64_t rows = 0;
  int64_t column = 0;
  int64_t columns = 0;

  torch::Tensor of_rows(const torch::Tensor& x) const { return x.narrow(0, row, rows); }
  torch::Tensor of_columns(const torch::Tensor& x) const { return x.narrow(0, column, columns); }
  /// The same rectangle of Sᵀ.
  Tile turned() const { return {column, columns, row, rows}; }
};

/// The square tiles that both passes walk have this edge: they stay in cache, and the matrix
/// products are large enough to run at full speed (bench/contrastive_loss.py).
inline constexpr int64_t kTileEdge = 1024;

/// One loss: what it makes of the tiles. `s` [rows, columns] may be overwritten, and what slope()
/// returns lives until the next call.
class TiledLoss : public torch::CustomClassHolder {
 public:
  /// First pass, called with every tile once.
  virtual void see(const Tile& tile, const torch::Tensor& s) = 0;
  /// After the first pass: the loss, a scalar.
  virtual torch::Tensor value() const = 0;
  /// Second pass: dL/dS of the tile.
  virtual torch::Tensor slope(const Tile& tile, const torch::Tensor& s) = 0;
};

struct Logits {
  torch::Tensor a;      ///< [batch, width]
  torch::Tensor b;      ///< [batch, width]
  torch::Tensor scale;  ///< one number
  torch::Tensor bias;   ///< one number
};

/// Rows that are scaled to unit length inside, s and b as scalars, all of one type: the widest of a
/// and b, float32 at least. Throws Error unless a and b are matrices of the same shape with at
/// least one row, and scale and bias are one number each.
Logits checked_logits(std::string_view objective, const torch::Tensor& a, const torch::Tensor& b,
                      const torch::Tensor& scale, const torch::Tensor& bias = torch::zeros({}));

/// The value of the loss, differentiable once by all of its inputs (no second derivatives: the
/// backward step throws Error where they are asked for).
torch::Tensor tiled(c10::intrusive_ptr<TiledLoss> loss, const Logits& logits, int64_t edge);

}  // namespace relata::objectives
