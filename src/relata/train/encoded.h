// What a forward pass hands to the objective: one or more vectors per item, by name, in a fixed
// order.
#pragma once

#include <torch/types.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace relata::train {

struct EncodedRole {
  torch::Tensor global;   ///< [items, width]
  torch::Tensor local;    ///< [items, tokens, width], undefined where there is none
  torch::Tensor mask;     ///< [items, tokens] bool, with `local`
  torch::Tensor present;  ///< [items] bool, undefined where every item is there
};

class Encoded {
 public:
  void add(std::string name, EncodedRole role);
  /// Throws Error if there is no such name.
  const EncodedRole& operator[](std::string_view name) const;
  const std::vector<std::pair<std::string, EncodedRole>>& items() const { return items_; }

 private:
  std::vector<std::pair<std::string, EncodedRole>> items_;
};

/// The items of several micro-batches in order. Locals are padded to the longest; the mask is then
/// defined even where no micro-batch needed one. Throws Error if a later part lacks a name.
Encoded concatenate(const std::vector<Encoded>& parts);

}  // namespace relata::train
