// Pickles, read as data: what they say is written down as a tree, and nothing is ever imported,
// called or built. Format: Lib/pickletools.py of CPython; protocols 2 to 5, and what older ones
// share with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace relata::io {

/// The number of a value in its tree.
using PickleId = uint32_t;
inline constexpr PickleId kNoPickle = 0xFFFFFFFF;

enum class PickleKind : uint8_t {
  kNone,
  kBool,    ///< integer
  kInt,     ///< integer
  kLong,    ///< text: little-endian two's complement, more than 8 bytes
  kFloat,   ///< real
  kText,    ///< text, as it lies in the pickle: not checked to be UTF-8
  kBytes,   ///< text
  kTuple,   ///< items
  kList,    ///< items
  kSet,     ///< items
  kDict,    ///< pairs, in order, keys perhaps repeated; state, of an OrderedDict with attributes
  kGlobal,  ///< module and text: a class or function by name
  kCall,    ///< subject(*argument): what a REDUCE would have called
  kObject,  ///< subject: its class; argument: of its construction; state, items, pairs
  kPersistent,  ///< argument: what the program that wrote it calls something outside by
};

struct PickleNode {
  PickleKind kind = PickleKind::kNone;
  int64_t integer = 0;
  double real = 0;
  std::string_view text = {};
  std::string_view module = {};
  std::vector<PickleId> items = {};
  std::vector<std::pair<PickleId, PickleId>> pairs = {};
  PickleId subject = kNoPickle;
  PickleId argument = kNoPickle;
  PickleId state = kNoPickle;  ///< what BUILD set
};

/// Values may be shared, and lists, dicts and objects may contain themselves: whoever walks the
/// tree must bound depth and number of steps.
struct PickleTree {
  std::vector<PickleNode> nodes;  ///< their texts point into what was parsed
  PickleId root = kNoPickle;
  uint64_t size = 0;  ///< bytes up to the end of the pickle

  const PickleNode& operator[](PickleId id) const { return nodes[id]; }
};

struct PickleOptions {
  /// "module.name" of what a REDUCE may name; sorted. Others are refused by name: who calls them
  /// depends on what they would do.
  std::span<const std::string_view> callables = {};
  uint64_t node_limit = uint64_t{1} << 22U;  ///< values, marks, places on the stack and in the memo
};

/// "module.name" of a kGlobal, "?" of anything else.
std::string pickle_name(const PickleNode& node);

/// The pickle that `bytes` start with; more may follow. collections.OrderedDict and its like become
/// kDict. Throws Error naming `where` and the byte for a pickle that is cut off, uses other opcodes
/// (those of protocol 0 that hold text, extensions, out-of-band buffers), leaves its stack or its
/// limits, calls what `options` does not name, or names anything of os, subprocess and their like.
PickleTree parse_pickle(std::span<const std::byte> bytes, std::string_view where,
                        const PickleOptions& options = {});

}  // namespace relata::io
