#include "relata/io/torch_tree.h"

#include <algorithm>
#include <array>
#include <optional>

#include "relata/base/error.h"
#include "relata/io/little_endian.h"
#include "relata/io/utf8.h"

namespace relata::io {
namespace {

constexpr std::array<std::string_view, 31> kCallables = {
    "__builtin__.bytearray",
    "__builtin__.complex",
    "__builtin__.frozenset",
    "__builtin__.range",
    "__builtin__.set",
    "__builtin__.slice",
    "_codecs.encode",
    "argparse.Namespace",
    "builtins.bytearray",
    "builtins.complex",
    "builtins.frozenset",
    "builtins.range",
    "builtins.set",
    "builtins.slice",
    "collections.Counter",
    "copy_reg._reconstructor",
    "copyreg._reconstructor",
    "numpy._core.multiarray._reconstruct",
    "numpy._core.multiarray.scalar",
    "numpy.core.multiarray._reconstruct",
    "numpy.core.multiarray.scalar",
    "numpy.dtype",
    "pathlib.PosixPath",
    "torch.Size",
    "torch._tensor._rebuild_from_type_v2",
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
    "torch._utils._rebuild_tensor",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_tensor_v3",
    "torch.device",
};

/// TorchScript's marks of typed lists and dicts; the value is the first argument.
constexpr std::string_view kScriptPrefix = "torch.jit._pickle.";
constexpr std::array<std::string_view, 5> kScript = {
    "torch.jit._pickle.build_boollist",   "torch.jit._pickle.build_doublelist",
    "torch.jit._pickle.build_intlist",    "torch.jit._pickle.build_tensorlist",
    "torch.jit._pickle.restore_type_tag",
};

constexpr auto kAllCallables = [] {
  std::array<std::string_view, kCallables.size() + kScript.size()> all{};
  std::ranges::copy(kScript, std::ranges::copy(kCallables, all.begin()).out);
  return all;
}();
static_assert(std::ranges::is_sorted(kAllCallables));

struct NamedDType {
  std::string_view name;
  DType dtype;
};

constexpr std::array kStorages = {
    NamedDType{"FloatStorage", DType::kF32},        NamedDType{"DoubleStorage", DType::kF64},
    NamedDType{"HalfStorage", DType::kF16},         NamedDType{"BFloat16Storage", DType::kBF16},
    NamedDType{"LongStorage", DType::kI64},         NamedDType{"IntStorage", DType::kI32},
    NamedDType{"ShortStorage", DType::kI16},        NamedDType{"CharStorage", DType::kI8},
    NamedDType{"ByteStorage", DType::kU8},          NamedDType{"BoolStorage", DType::kBool},
    NamedDType{"ComplexFloatStorage", DType::kC64}, NamedDType{"UntypedStorage", DType::kU8},
    NamedDType{"_UntypedStorage", DType::kU8},
};

constexpr std::array kDtypes = {
    NamedDType{"float32", DType::kF32},
    NamedDType{"float64", DType::kF64},
    NamedDType{"float16", DType::kF16},
    NamedDType{"bfloat16", DType::kBF16},
    NamedDType{"int64", DType::kI64},
    NamedDType{"int32", DType::kI32},
    NamedDType{"int16", DType::kI16},
    NamedDType{"int8", DType::kI8},
    NamedDType{"uint8", DType::kU8},
    NamedDType{"uint16", DType::kU16},
    NamedDType{"uint32", DType::kU32},
    NamedDType{"uint64", DType::kU64},
    NamedDType{"bool", DType::kBool},
    NamedDType{"complex64", DType::kC64},
    NamedDType{"float8_e4m3fn", DType::kF8E4M3},
    NamedDType{"float8_e4m3fnuz", DType::kF8E4M3Fnuz},
    NamedDType{"float8_e5m2", DType::kF8E5M2},
    NamedDType{"float8_e5m2fnuz", DType::kF8E5M2Fnuz},
    NamedDType{"float8_e8m0fnu", DType::kF8E8M0},
};

Error malformed(const std::string& what, std::string_view where) {
  return Error({.what = what,
                .where = std::string(where),
                .remedy = "the file is damaged; fetch or write it again"});
}

Error unsupported(const std::string& what, std::string_view where) {
  return Error({.what = what,
                .where = std::string(where),
                .remedy = "convert the tensor to a plain one, such as float32, and save it again"});
}

template <std::size_t kSize>
std::optional<DType> find(const std::array<NamedDType, kSize>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name, &NamedDType::name);
  if (found == names.end()) return std::nullopt;
  return found->dtype;
}

int64_t read_int(const PickleTree& tree, PickleId id, std::string_view what,
                 std::string_view where) {
  if (tree[id].kind == PickleKind::kInt) return tree[id].integer;
  throw malformed("the " + std::string(what) + " is no whole number of 64 bits", where);
}

/// The name of what is called, and its arguments.
struct Call {
  std::string name = {};
  const std::vector<PickleId>* arguments = nullptr;
};

std::optional<Call> read_call(const PickleTree& tree, PickleId id) {
  const PickleNode& node = tree[id];
  if (node.kind != PickleKind::kCall) return std::nullopt;
  return Call{pickle_name(tree[node.subject]), &tree[node.argument].items};
}

/// The _rebuild_tensor… behind parameters and subclasses.
std::optional<Call> find_rebuild(const PickleTree& tree, PickleId id) {
  std::optional<Call> call = read_call(tree, id);
  for (int depth = 0; call && depth < kTorchDepth; ++depth) {
    const std::vector<PickleId>& arguments = *call->arguments;
    if (call->name.starts_with("torch._utils._rebuild_tensor")) return call;
    if (call->name.starts_with("torch._utils._rebuild_parameter") && !arguments.empty()) {
      call = read_call(tree, arguments[0]);
    } else if (call->name == "torch._tensor._rebuild_from_type_v2" && arguments.size() == 4 &&
               tree[arguments[2]].kind == PickleKind::kTuple) {
      call = Call{pickle_name(tree[arguments[0]]), &tree[arguments[2]].items};
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

/// A tuple of whole numbers, also as torch.Size.
std::vector<int64_t> read_sizes(const PickleTree& tree, PickleId id, std::string_view what,
                                std::string_view where) {
  constexpr std::size_t kMostAxes = 64;  // of torch::Tensor
  if (const std::optional<Call> call = read_call(tree, id);
      call && call->name == "torch.Size" && call->arguments->size() == 1) {
    id = call->arguments->front();
  }
  const PickleNode& node = tree[id];
  if (node.kind != PickleKind::kTuple && node.kind != PickleKind::kList) {
    throw malformed("the " + std::string(what) + " is no tuple", where);
  }
  if (node.items.size() > kMostAxes) {
    throw malformed("it has " + std::to_string(node.items.size()) + " axes, expected at most 64",
                    where);
  }
  std::vector<int64_t> sizes;
  for (const PickleId item : node.items) sizes.push_back(read_int(tree, item, what, where));
  return sizes;
}

/// Views whose values are not those in the storage.
void check_metadata(const PickleTree& tree, PickleId id, std::string_view where) {
  for (const auto& [key, value] : tree[id].pairs) {
    const bool set = tree[value].kind != PickleKind::kBool || tree[value].integer != 0;
    if (!set) continue;
    throw unsupported("is stored as a view with the mark " + excerpt(tree[key].text), where);
  }
}

/// The storage that is cut into views, before the fields of the view.
void read_storage_view(const PickleTree& tree, PickleId id, TorchStorage& storage,
                       std::string_view where) {
  if (tree[id].kind == PickleKind::kNone) return;
  const std::vector<PickleId>& fields = tree[id].items;
  if (fields.size() != 3) throw malformed("a view of a storage has no three fields", where);
  storage.begin = read_int(tree, fields[1], "offset of a view", where);
  storage.length = read_int(tree, fields[2], "size of a view", where);
  if (storage.begin < 0 || storage.length < 0 ||
      !lies_within(static_cast<uint64_t>(storage.begin), static_cast<uint64_t>(storage.length),
                   static_cast<uint64_t>(storage.count))) {
    throw malformed("a view of " + std::to_string(storage.length) + " elements from " +
                        std::to_string(storage.begin) + " on leaves its storage of " +
                        std::to_string(storage.count),
                    where);
  }
}

DType read_storage_type(const PickleNode& type, std::string_view where) {
  const bool known_module =
      type.kind == PickleKind::kGlobal &&
      (type.module == "torch" || type.module == "torch.storage" || type.module == "torch.cuda");
  if (const auto dtype = known_module ? find(kStorages, type.text) : std::nullopt) return *dtype;
  throw unsupported("its storage is a " + excerpt(pickle_name(type)) + ", which is not read",
                    where);
}

/// Walks the tree from its root to each tensor.
class Walker {
 public:
  Walker(const PickleTree& tree, std::string_view where) : tree_(tree), where_(where) {}

  std::vector<NamedPickle> run() {
    if (is_torch_tensor(tree_, tree_.root)) return {{.name = "tensor", .id = tree_.root}};
    walk(tree_.root, "", 0);
    std::vector<std::string_view> names;
    for (const NamedPickle& tensor : found_) names.push_back(tensor.name);
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names);
    if (twice == names.end()) return std::move(found_);
    throw malformed("two tensors are named " + excerpt(*twice), where_);
  }

 private:
  void walk(PickleId id, const std::string& name, int depth) {
    count_step(name, depth);
    if (is_torch_tensor(tree_, id)) return add(id, name);
    const PickleNode& node = tree_[id];
    switch (node.kind) {
      case PickleKind::kTuple:
      case PickleKind::kList:
      case PickleKind::kSet:
        return walk_items(node.items, name, depth);
      case PickleKind::kDict:
        return walk_pairs(node, name, depth, false);
      case PickleKind::kObject:
        return walk_object(node, name, depth);
      case PickleKind::kCall:
        return walk_call(id, name, depth);
      default:
        return;
    }
  }

  void count_step(const std::string& name, int depth) {
    if (depth > kTorchDepth) {
      throw malformed(excerpt(name) + " is nested deeper than " + std::to_string(kTorchDepth) +
                          ", or in itself",
                      where_);
    }
    if (++steps_ > kTorchSteps) {
      throw malformed("its tree has more than " + std::to_string(kTorchSteps) + " containers",
                      where_);
    }
    name_bytes_ += name.size();
    if (name_bytes_ > kTorchNameBytes) {
      throw malformed("it has names of more than " + std::to_string(kTorchNameBytes) + " bytes",
                      where_);
    }
  }

  /// Long lists of numbers are cheap, but may be shared as often as anything.
  void count_leaves(std::size_t count) {
    leaves_ += count;
    if (leaves_ > kTorchLeaves) {
      throw malformed("its tree has more than " + std::to_string(kTorchLeaves) + " values", where_);
    }
  }

  void add(PickleId id, const std::string& name) {
    if (const auto at = invalid_utf8_at(name)) {
      throw malformed("the name " + excerpt(name) + " is not UTF-8", where_);
    }
    found_.push_back({.name = name, .id = id});
  }

  static std::string join(const std::string& name, std::string_view part) {
    return name.empty() ? std::string(part) : name + "." + std::string(part);
  }

  void walk_items(const std::vector<PickleId>& items, const std::string& name, int depth) {
    count_leaves(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (!is_leaf(items[i])) walk(items[i], join(name, std::to_string(i)), depth + 1);
    }
  }

  /// Numbers and texts hold no tensors; lists of them may be long.
  bool is_leaf(PickleId id) const {
    const PickleKind kind = tree_[id].kind;
    return kind < PickleKind::kTuple || kind == PickleKind::kGlobal ||
           kind == PickleKind::kPersistent;
  }

  /// `module`: these are the attributes of an object that may be a torch.nn.Module.
  void walk_pairs(const PickleNode& dict, const std::string& name, int depth, bool module) {
    count_leaves(dict.pairs.size());
    for (const auto& [key, value] : dict.pairs) {
      if (is_leaf(value)) continue;
      const std::string_view text = tree_[key].kind == PickleKind::kText ? tree_[key].text : "";
      const bool level = module && tree_[value].kind == PickleKind::kDict &&
                         (text == "_parameters" || text == "_buffers" || text == "_modules");
      walk(value, level ? name : join(name, key_text(key, name)), depth + 1);
    }
  }

  std::string key_text(PickleId key, const std::string& name) const {
    const PickleNode& node = tree_[key];
    if (node.kind == PickleKind::kText) return std::string(node.text);
    if (node.kind == PickleKind::kInt) return std::to_string(node.integer);
    throw malformed("a key of the dict " + excerpt(name) + " is no text or whole number", where_);
  }

  void walk_object(const PickleNode& object, const std::string& name, int depth) {
    walk_items(tree_[object.argument].items, name, depth);
    walk_items(object.items, name, depth);
    walk_pairs(object, name, depth, false);
    if (object.state == kNoPickle) return;
    const PickleNode& state = tree_[object.state];
    if (state.kind == PickleKind::kDict) return walk_pairs(state, name, depth, true);
    if (!is_leaf(object.state)) walk(object.state, name, depth + 1);
  }

  void walk_call(PickleId id, const std::string& name, int depth) {
    const std::optional<Call> call = read_call(tree_, id);
    if (call->name.starts_with(kScriptPrefix) && !call->arguments->empty()) {
      return walk(call->arguments->front(), name, depth + 1);
    }
    const PickleId state = tree_[id].state;  // argparse.Namespace and objects of old protocols
    if (state != kNoPickle && tree_[state].kind == PickleKind::kDict)
      walk_pairs(tree_[state], name, depth, true);
  }

  const PickleTree& tree_;
  std::string_view where_;
  std::vector<NamedPickle> found_;
  uint64_t steps_ = 0;
  uint64_t leaves_ = 0;
  uint64_t name_bytes_ = 0;
};

}  // namespace

std::span<const std::string_view> torch_callables() { return kAllCallables; }

bool is_torch_storage(const PickleTree& tree, PickleId id) {
  if (tree[id].kind != PickleKind::kPersistent) return false;
  const PickleNode& fields = tree[tree[id].argument];
  return fields.kind == PickleKind::kTuple && !fields.items.empty() &&
         tree[fields.items[0]].text == "storage";
}

TorchStorage read_torch_storage(const PickleTree& tree, PickleId id, std::string_view where) {
  if (!is_torch_storage(tree, id)) throw malformed("it has no storage", where);
  const std::vector<PickleId>& fields = tree[tree[id].argument].items;
  if (fields.size() != 5 && fields.size() != 6) {
    throw malformed("its storage has " + std::to_string(fields.size()) + " fields, expected 5 or 6",
                    where);
  }
  if (tree[fields[2]].kind != PickleKind::kText) throw malformed("its storage has no key", where);
  TorchStorage storage{.key = std::string(tree[fields[2]].text),
                       .dtype = read_storage_type(tree[fields[1]], where),
                       .count = read_int(tree, fields[4], "size of its storage", where)};
  byte_count(storage.dtype, std::array{storage.count}, where);
  storage.length = storage.count;
  if (fields.size() == 6) read_storage_view(tree, fields[5], storage, where);
  return storage;
}

bool is_torch_tensor(const PickleTree& tree, PickleId id) {
  return find_rebuild(tree, id).has_value();
}

TorchTensor read_torch_tensor(const PickleTree& tree, PickleId id, std::string_view where) {
  const std::optional<Call> call = find_rebuild(tree, id);
  if (!call) throw malformed("it is no tensor", where);
  const std::vector<PickleId>& fields = *call->arguments;
  const bool third = call->name == "torch._utils._rebuild_tensor_v3";
  const std::size_t least = third ? 7 : 4;  // storage, offset, shape, strides, …, dtype
  if (fields.size() < least) {
    throw malformed("it has " + std::to_string(fields.size()) + " fields, expected at least " +
                        std::to_string(least),
                    where);
  }
  TorchTensor tensor{.storage = read_torch_storage(tree, fields[0], where)};
  tensor.dtype = tensor.storage.dtype;
  if (third) {
    const PickleNode& type = tree[fields[6]];
    const auto dtype = type.module == "torch" ? find(kDtypes, type.text) : std::nullopt;
    if (!dtype) throw unsupported("is " + excerpt(pickle_name(type)), where);
    tensor.dtype = *dtype;
  }
  tensor.view = {.shape = read_sizes(tree, fields[2], "shape", where),
                 .strides = read_sizes(tree, fields[3], "strides", where),
                 .offset = read_int(tree, fields[1], "offset", where)};
  const std::size_t metadata = third ? 7 : 6;
  if (fields.size() > metadata) check_metadata(tree, fields[metadata], where);
  // Neither product can overflow: read_torch_storage has computed the size of the whole.
  const int64_t bytes = tensor.storage.length * (dtype_bits(tensor.storage.dtype) / 8);
  check_strided(tensor.view, bytes / (dtype_bits(tensor.dtype) / 8), where);
  return tensor;
}

std::vector<NamedPickle> torch_tensors(const PickleTree& tree, std::string_view where) {
  return Walker(tree, where).run();
}

}  // namespace relata::io
