// What a step works on: tensors per role, which row each item belongs to, and what is known of the
// rows.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace relata::data {

/// The values of one role. Further axes follow the first as the role needs them ([items, slots,
/// …]).
struct RoleBatch {
  torch::Tensor values;   ///< [items, …]
  torch::Tensor mask;     ///< [items, tokens] bool, undefined where every token counts
  torch::Tensor lengths;  ///< [items] int64, undefined for fixed sizes
  torch::Tensor present;  ///< [items] bool: false is a missing modality
};

/// Rows of a batch, without their values.
struct Rows {
  std::vector<int64_t> numbers;  ///< [rows] positions in the view
  std::vector<std::string> ids;
  std::vector<std::string> groups;
  std::map<std::string, torch::Tensor>
      labels;  ///< name → [rows], or [rows, classes] for multilabel
  std::map<std::string, torch::Tensor> present;  ///< role → [rows] bool
  std::map<std::string, torch::Tensor>
      references;  ///< field → [rows] int64: row of the table referred to, −1 if none

  int64_t size() const { return static_cast<int64_t>(numbers.size()); }
};

/// One micro-batch. A row gives one or more items; a micro-batch holds whole rows.
struct Batch {
  std::map<std::string, RoleBatch> roles;
  torch::Tensor item_row;  ///< [items] int64: the row of each item, counted within this micro-batch
  Rows rows;
  int64_t first_row = 0;  ///< where its rows begin within the effective batch
};

/// The rows of several micro-batches, in order. All of them have the names of the first one.
Rows concatenate(std::span<const Batch> batches);

}  // namespace relata::data
