// Which pairs of a batch belong together: row i of A with row i of B, or all rows of equal ids.
#pragma once

#include <torch/types.h>

#include <optional>
#include <string_view>

#include "relata/objectives/scratch.h"
#include "relata/objectives/tiled.h"

namespace relata::objectives {

class Positives {
 public:
  /// `ids` [batch] whole numbers: y_ij = [ids_i = ids_j]; undefined: y = I. Throws Error for
  /// another shape or type.
  Positives(std::string_view objective, const torch::Tensor& ids, const torch::Tensor& a);

  /// Σ_k y_ik = Σ_k y_ki [batch], of the type of a.
  const torch::Tensor& count() const { return count_; }

  /// y of a tile [rows, columns] bool; nothing where it is known to be 0. Lives until the next
  /// call.
  std::optional<torch::Tensor> mask(const Tile& tile);

 private:
  torch::Tensor ids_;    ///< [batch] int32, 0 … number of distinct ids − 1
  torch::Tensor count_;  ///< [batch]
  bool diagonal_;
  Scratch mask_;
};

}  // namespace relata::objectives
