// How a backbone's tensors are called in published files: one table a backbone and naming, read in
// both directions.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "relata/nn/tensor_file.h"

namespace relata::models {

/// One tensor of ours and what it is made of in the file.
struct TensorRule {
  std::string ours;
  std::vector<std::string> theirs;  ///< several: their rows stacked in this order make ours
  std::vector<int64_t> rows = {};   ///< of each, if several
  std::vector<int64_t> shape = {};  ///< theirs, where it is ours reshaped, e.g. a convolution
  bool transposed = false;          ///< theirs is [in, out]
  bool hwio = false;        ///< theirs is a kernel [height, width, in, out], ours [out, in, h, w]
  bool unprefixed = false;  ///< stands outside the prefix of the file
  bool optional = false;    ///< the file may lack it; ours then keeps its value
};

struct TensorTable {
  std::string naming;  ///< e.g. "Hugging Face"
  std::vector<TensorRule> rules;
  /// Beginnings of names that files may carry, e.g. "bert."; the first is written.
  std::vector<std::string> prefixes = {};
  /// Names that may be there and are not read: buffers and heads. '*' at an end stands for
  /// anything.
  std::vector<std::string> ignored = {};
  /// Older spellings: an ending of a name in the file, and what it is called today.
  std::vector<std::pair<std::string, std::string>> endings = {};
};

/// What stands before names that are written.
std::string written_prefix(const TensorTable& table);
/// The name of a file, without prefix and in today's spelling.
std::string plain_name(const TensorTable& table, std::string name);

/// Copies `source` into `target`, the tensors of a module, by the table that knows most of its
/// names. Any floating-point dtype is converted. Throws Error at `where` that lists all missing,
/// unexpected and misshapen tensors, and those that hold NaN. Gives the table that was used.
const TensorTable& assign(const std::vector<TensorTable>& tables, const nn::NamedTensors& target,
                          const nn::NamedTensors& source, const std::string& where);

/// The same for a part of them: what `source` lacks keeps its value.
void assign_some(const TensorTable& table, const nn::NamedTensors& target,
                 const nn::NamedTensors& source, const std::string& where);

/// The same tensors, or their gradients, under the names of `table`.
nn::NamedTensors renamed(const TensorTable& table, const nn::NamedTensors& ours);

/// `rule` for weight and bias of a layer.
void add_layer(std::vector<TensorRule>& rules, const std::string& ours, const std::string& theirs,
               bool bias = true);

}  // namespace relata::models
