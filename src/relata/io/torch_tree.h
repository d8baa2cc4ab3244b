// What a PyTorch checkpoint's pickle says about tensors: which there are, by dotted names, and how
// each is a view of a storage. Source: torch/_utils.py and torch/serialization.py of PyTorch 2.13.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relata/io/dtype.h"
#include "relata/io/pickle.h"
#include "relata/io/strided.h"

namespace relata::io {

/// Bounds on a tree as it is walked, where shared values count each time: nesting, containers and
/// tensors, all values, bytes of names.
inline constexpr int kTorchDepth = 64;
inline constexpr uint64_t kTorchSteps = uint64_t{1} << 20U;
inline constexpr uint64_t kTorchLeaves = uint64_t{1} << 26U;
inline constexpr uint64_t kTorchNameBytes = uint64_t{64} << 20U;

/// The functions that a checkpoint may name in a REDUCE, sorted; none of them is called.
std::span<const std::string_view> torch_callables();

/// A storage as a persistent id names it.
struct TorchStorage {
  std::string key;
  DType dtype = DType::kU8;  ///< of untyped storages U8
  int64_t count = 0;         ///< elements of `dtype`
  int64_t begin = 0;         ///< of the part that is meant: old files hold views of storages
  int64_t length = 0;
};

/// Whether that node, of kind kPersistent, names a storage.
bool is_torch_storage(const PickleTree& tree, PickleId id);

/// Throws Error naming `where` if it is malformed or of a type that DType has no name for.
TorchStorage read_torch_storage(const PickleTree& tree, PickleId id, std::string_view where);

/// A tensor as a view of a storage; `view` counts elements of `dtype`.
struct TorchTensor {
  TorchStorage storage;
  DType dtype = DType::kF32;
  Strided view;
};

/// Whether that node is a tensor or a parameter.
bool is_torch_tensor(const PickleTree& tree, PickleId id);

/// Checked against the size that its storage states. Throws Error naming `where` if it is
/// malformed, has no place in its storage, or is a conjugate or negated view.
TorchTensor read_torch_tensor(const PickleTree& tree, PickleId id, std::string_view where);

struct NamedPickle {
  std::string name;
  PickleId id = kNoPickle;
};

/// All tensors of the tree: the keys of dicts, places in lists, and attributes of objects that lead
/// to each, joined by dots; a lone tensor is "tensor". Of a whole module the names are those of its
/// state_dict: `_parameters`, `_buffers` and `_modules` do not count. Prefixes such as
/// "state_dict." or "module." are left as they are. Throws Error for equal names, keys that are no
/// text or whole number, and trees beyond the bounds above, shared or cyclic ones included.
std::vector<NamedPickle> torch_tensors(const PickleTree& tree, std::string_view where);

}  // namespace relata::io
