#include "relata/io/pickle.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "relata/base/error.h"
#include "relata/io/byte_reader.h"
#include "relata/io/pickle_opcode.h"
#include "relata/io/utf8.h"

namespace relata::io {
namespace {

constexpr int kNewestProtocol = 5;

/// Modules that no file of weights has a use for. Nothing is called in any case; a file that names
/// them is no accident, and its owner should know.
constexpr std::array<std::string_view, 14> kForbidden = {
    "_posixsubprocess",
    "asyncio",
    "ctypes",
    "importlib",
    "nt",
    "os",
    "posix",
    "pty",
    "runpy",
    "shutil",
    "socket",
    "subprocess",
    "sys",
    "webbrowser",
};

/// Of Python's built-in names, those that are mere data.
constexpr std::array<std::string_view, 15> kHarmless = {
    "bool", "bytearray", "bytes", "complex", "dict",  "float", "frozenset", "int",
    "list", "object",    "range", "set",     "slice", "str",   "tuple",
};

/// What becomes a kDict when it is constructed.
constexpr std::array<std::string_view, 2> kDictClasses = {"collections.OrderedDict",
                                                          "collections.defaultdict"};

template <typename List>
bool holds(const List& list, std::string_view text) {
  return std::ranges::find(list, text) != std::ranges::end(list);
}

bool is_forbidden(std::string_view module, std::string_view name) {
  if (holds(kForbidden, module.substr(0, module.find('.')))) return true;
  const bool builtin = module == "builtins" || module == "__builtin__";
  return builtin && !holds(kHarmless, name);
}

/// The stack machine of pickles, over numbers of nodes.
class Machine {
 public:
  Machine(std::span<const std::byte> bytes, std::string_view where, const PickleOptions& options)
      : reader_(bytes, where), options_(options) {
    tree_.nodes.resize(kFirst);
    tree_.nodes[kFalse].kind = PickleKind::kBool;
    tree_.nodes[kTrue] = {.kind = PickleKind::kBool, .integer = 1};
    tree_.nodes[kEmptyTuple].kind = PickleKind::kTuple;
  }

  PickleTree run() {
    while (true) {
      at_ = reader_.at();
      const auto code = reader_.number<uint8_t>("an opcode");
      const auto op = static_cast<PickleOp>(code);
      if (op == PickleOp::kStop) break;
      if (!read_scalar(op) && !read_text(op) && !read_container(op) && !use_stack(op) &&
          !use_memo(op) && !use_name(op)) {
        throw unknown(op, code);
      }
    }
    if (stack_.size() != 1 || !marks_.empty()) {
      throw fault(std::to_string(stack_.size()) +
                  " values are on the stack at the end, expected 1");
    }
    tree_.root = stack_.back();
    tree_.size = reader_.at();
    return std::move(tree_);
  }

 private:
  /// Values that are always there, so that one byte of a pickle does not cost a node.
  enum : PickleId { kNone, kFalse, kTrue, kEmptyTuple, kFirst };

  Error fault(const std::string& what) const {
    return reader_.fault("pickle, byte " + std::to_string(at_) + ": " + what);
  }
  Error refused(const std::string& what) const {
    return Error({.what = "pickle, byte " + std::to_string(at_) + ": " + what,
                  .where = reader_.where(),
                  .remedy = "do not load this file with anything that runs pickles unless you "
                            "trust it; save plain tensors (a state_dict) instead"});
  }
  Error unknown(PickleOp op, uint8_t code) {
    if (op == PickleOp::kInst) {
      const std::string_view module = line();
      return refused("makes an instance of " +
                     pickle_name({.kind = PickleKind::kGlobal, .text = line(), .module = module}));
    }
    return fault("opcode " + std::to_string(code) +
                 " is not read; torch.save writes protocol 2, which has none such");
  }

  void check_limit(uint64_t count, std::string_view what) const {
    if (count < options_.node_limit) return;
    throw fault("more than " + std::to_string(options_.node_limit) + " " + std::string(what));
  }

  PickleId add(PickleNode node) {
    check_limit(tree_.nodes.size(), "values");
    tree_.nodes.push_back(std::move(node));
    return static_cast<PickleId>(tree_.nodes.size() - 1);
  }

  bool push(PickleId id) {
    check_limit(stack_.size(), "values on the stack");
    stack_.push_back(id);
    return true;
  }
  bool push_new(PickleNode node) { return push(add(std::move(node))); }

  /// The least size of the stack that may be popped to: what lies below a mark is out of reach.
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  PickleId pop() {
    if (stack_.size() <= floor()) throw fault("takes from an empty stack");
    const PickleId id = stack_.back();
    stack_.pop_back();
    return id;
  }

  PickleId top() const {
    if (stack_.size() <= floor()) throw fault("looks at an empty stack");
    return stack_.back();
  }

  std::vector<PickleId> pop_to_mark() {
    if (marks_.empty()) throw fault("there is no mark");
    const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<PickleId> items(begin, stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return items;
  }

  std::vector<PickleId> pop_some(std::size_t count) {
    std::vector<PickleId> items(count);
    for (std::size_t i = count; i > 0; --i) items[i - 1] = pop();
    return items;
  }

  std::string_view line() {
    // A name of a class is short; a longer one is no name.
    constexpr uint64_t kLongest = 4096;
    std::string_view text;
    const uint64_t begin = reader_.at();
    ByteReader ahead = reader_;
    while (ahead.number<char>("a name") != '\n') {
      if (ahead.at() - begin > kLongest) throw fault("a name has more than 4096 bytes");
    }
    text = reader_.text(ahead.at() - begin, "a name");
    text.remove_suffix(1);
    return text;
  }

  bool push_int(int64_t value) { return push_new({.kind = PickleKind::kInt, .integer = value}); }

  /// Little-endian two's complement of any length; no bytes are 0.
  bool push_long(uint64_t length) {
    const std::span<const std::byte> bytes = reader_.take(length, "a whole number");
    if (length > sizeof(int64_t)) {
      return push_new({.kind = PickleKind::kLong,
                       .text = {reinterpret_cast<const char*>(bytes.data()), bytes.size()}});
    }
    const bool negative = length > 0 && (bytes.back() & std::byte{0x80}) != std::byte{};
    std::array<std::byte, sizeof(int64_t)> wide{};
    wide.fill(negative ? std::byte{0xFF} : std::byte{});
    std::ranges::copy(bytes, wide.begin());
    return push_int(load_le<int64_t>(wide, 0));
  }

  bool read_scalar(PickleOp op) {
    switch (op) {
      case PickleOp::kNone:
        return push(kNone);
      case PickleOp::kNewTrue:
        return push(kTrue);
      case PickleOp::kNewFalse:
        return push(kFalse);
      case PickleOp::kBinInt:
        return push_int(reader_.number<int32_t>("a whole number"));
      case PickleOp::kBinInt1:
        return push_int(reader_.number<uint8_t>("a whole number"));
      case PickleOp::kBinInt2:
        return push_int(reader_.number<uint16_t>("a whole number"));
      case PickleOp::kLong1:
        return push_long(reader_.number<uint8_t>("a length"));
      case PickleOp::kLong4:
        return push_long(reader_.number<uint32_t>("a length"));  // negative ones are too long
      case PickleOp::kBinFloat: {
        const auto bits = __builtin_bswap64(reader_.number<uint64_t>("a number"));
        return push_new({.kind = PickleKind::kFloat, .real = std::bit_cast<double>(bits)});
      }
      default:
        return false;
    }
  }

  template <typename Length>
  bool push_text(PickleKind kind) {
    const auto length = reader_.number<Length>("a length");
    return push_new({.kind = kind, .text = reader_.text(length, "a text")});
  }

  bool read_text(PickleOp op) {
    switch (op) {
      case PickleOp::kBinUnicode:
      case PickleOp::kBinString:
        return push_text<uint32_t>(PickleKind::kText);
      case PickleOp::kShortBinUnicode:
      case PickleOp::kShortBinString:
        return push_text<uint8_t>(PickleKind::kText);
      case PickleOp::kBinUnicode8:
        return push_text<uint64_t>(PickleKind::kText);
      case PickleOp::kBinBytes:
        return push_text<uint32_t>(PickleKind::kBytes);
      case PickleOp::kShortBinBytes:
        return push_text<uint8_t>(PickleKind::kBytes);
      case PickleOp::kBinBytes8:
      case PickleOp::kByteArray8:
        return push_text<uint64_t>(PickleKind::kBytes);
      default:
        return false;
    }
  }

  bool push_items(PickleKind kind, std::vector<PickleId> items) {
    if (kind == PickleKind::kTuple && items.empty()) return push(kEmptyTuple);
    return push_new({.kind = kind, .items = std::move(items)});
  }

  bool read_container(PickleOp op) {
    switch (op) {
      case PickleOp::kEmptyTuple:
        return push(kEmptyTuple);
      case PickleOp::kTuple1:
        return push_items(PickleKind::kTuple, pop_some(1));
      case PickleOp::kTuple2:
        return push_items(PickleKind::kTuple, pop_some(2));
      case PickleOp::kTuple3:
        return push_items(PickleKind::kTuple, pop_some(3));
      case PickleOp::kTuple:
        return push_items(PickleKind::kTuple, pop_to_mark());
      case PickleOp::kEmptyList:
        return push_items(PickleKind::kList, {});
      case PickleOp::kList:
        return push_items(PickleKind::kList, pop_to_mark());
      case PickleOp::kEmptySet:
        return push_items(PickleKind::kSet, {});
      case PickleOp::kFrozenSet:
        return push_items(PickleKind::kSet, pop_to_mark());
      case PickleOp::kEmptyDict:
        return push_new({.kind = PickleKind::kDict});
      case PickleOp::kDict: {
        const std::vector<PickleId> items = pop_to_mark();
        push_new({.kind = PickleKind::kDict});
        return set_items(items);
      }
      case PickleOp::kAppend:
        return append(pop_some(1));
      case PickleOp::kAppends:
      case PickleOp::kAddItems:
        return append(pop_to_mark());
      case PickleOp::kSetItem:
        return set_items(pop_some(2));
      case PickleOp::kSetItems:
        return set_items(pop_to_mark());
      default:
        return false;
    }
  }

  bool append(const std::vector<PickleId>& items) {
    PickleNode& node = tree_.nodes[top()];
    const bool takes = node.kind == PickleKind::kList || node.kind == PickleKind::kSet ||
                       node.kind == PickleKind::kObject;
    if (!takes) throw fault("appends to something that is no list");
    node.items.insert(node.items.end(), items.begin(), items.end());
    return true;
  }

  /// Keys and values in turn.
  bool set_items(const std::vector<PickleId>& items) {
    PickleNode& node = tree_.nodes[top()];
    if (node.kind != PickleKind::kDict && node.kind != PickleKind::kObject) {
      throw fault("sets a key of something that is no dict");
    }
    if (items.size() % 2 != 0) throw fault("sets a key without a value");
    for (std::size_t i = 0; i < items.size(); i += 2)
      node.pairs.emplace_back(items[i], items[i + 1]);
    return true;
  }

  bool use_stack(PickleOp op) {
    switch (op) {
      case PickleOp::kProto: {
        const auto version = reader_.number<uint8_t>("the protocol");
        if (version <= kNewestProtocol) return true;
        throw fault("protocol " + std::to_string(version) + ", expected at most 5");
      }
      case PickleOp::kFrame: {
        const auto length = reader_.number<uint64_t>("a frame");
        if (length <= reader_.left()) return true;
        throw fault("a frame of " + std::to_string(length) + " bytes, but " +
                    std::to_string(reader_.left()) + " are left");
      }
      case PickleOp::kMark:
        check_limit(marks_.size(), "marks");
        marks_.push_back(stack_.size());
        return true;
      case PickleOp::kPop:
        // Python's own pickler pops a mark with it, too.
        if (!marks_.empty() && stack_.size() == marks_.back()) {
          marks_.pop_back();
        } else {
          pop();
        }
        return true;
      case PickleOp::kPopMark:
        pop_to_mark();
        return true;
      case PickleOp::kDup:
        return push(top());
      default:
        return false;
    }
  }

  bool put(uint64_t index) {
    check_limit(index, "places in the memo");
    if (index >= memo_.size()) memo_.resize(index + 1, kNoPickle);
    memo_[index] = top();
    memoized_ = std::max(memoized_, index + 1);
    return true;
  }
  bool get(uint64_t index) {
    if (index < memo_.size() && memo_[index] != kNoPickle) return push(memo_[index]);
    throw fault("place " + std::to_string(index) + " of the memo is empty");
  }

  bool use_memo(PickleOp op) {
    switch (op) {
      case PickleOp::kBinPut:
        return put(reader_.number<uint8_t>("a place in the memo"));
      case PickleOp::kLongBinPut:
        return put(reader_.number<uint32_t>("a place in the memo"));
      case PickleOp::kMemoize:
        return put(memoized_);
      case PickleOp::kBinGet:
        return get(reader_.number<uint8_t>("a place in the memo"));
      case PickleOp::kLongBinGet:
        return get(reader_.number<uint32_t>("a place in the memo"));
      default:
        return false;
    }
  }

  bool push_global(std::string_view module, std::string_view name) {
    PickleNode node{.kind = PickleKind::kGlobal, .text = name, .module = module};
    if (is_forbidden(module, name)) {
      throw refused("names " + pickle_name(node) + ", which can run programs");
    }
    return push_new(std::move(node));
  }

  bool use_name(PickleOp op) {
    switch (op) {
      case PickleOp::kGlobal: {
        const std::string_view module = line();
        return push_global(module, line());
      }
      case PickleOp::kStackGlobal: {
        const PickleNode& name = tree_.nodes[pop()];
        const PickleNode& module = tree_.nodes[pop()];
        if (name.kind != PickleKind::kText || module.kind != PickleKind::kText) {
          throw fault("a name that is no text");
        }
        return push_global(module.text, name.text);
      }
      case PickleOp::kBinPersId: {
        const PickleId id = pop();
        return push_new({.kind = PickleKind::kPersistent, .argument = id});
      }
      case PickleOp::kReduce:
        return reduce();
      case PickleOp::kNewObj:
        return make_object();
      case PickleOp::kBuild:
        return build();
      default:
        return false;
    }
  }

  /// The arguments of a call, and before them what is called.
  std::pair<PickleId, PickleId> pop_call() {
    const PickleId argument = pop();
    const PickleId subject = pop();
    if (tree_.nodes[argument].kind != PickleKind::kTuple) {
      throw fault("arguments that are no tuple");
    }
    return {subject, argument};
  }

  bool reduce() {
    const auto [subject, argument] = pop_call();
    const PickleNode& callee = tree_.nodes[subject];
    const std::string name = pickle_name(callee);
    if (callee.kind != PickleKind::kGlobal) throw refused("calls something that is no name");
    if (holds(kDictClasses, name)) return make_dict(argument);
    if (!std::ranges::binary_search(options_.callables, std::string_view(name))) {
      throw refused("calls " + excerpt(name) + ", which is not one of the known functions");
    }
    return push_new({.kind = PickleKind::kCall, .subject = subject, .argument = argument});
  }

  bool make_object() {
    const auto [subject, argument] = pop_call();
    const PickleNode& type = tree_.nodes[subject];
    if (type.kind != PickleKind::kGlobal && type.kind != PickleKind::kPersistent) {
      throw refused("makes an object of something that is no class");
    }
    if (holds(kDictClasses, pickle_name(type))) return make_dict(argument);
    return push_new({.kind = PickleKind::kObject, .subject = subject, .argument = argument});
  }

  /// OrderedDict(): empty; Python 2 wrote OrderedDict([[key, value], …]), which is read too;
  /// defaultdict(factory): empty.
  bool make_dict(PickleId argument) {
    PickleNode dict{.kind = PickleKind::kDict};
    const std::vector<PickleId>& arguments = tree_.nodes[argument].items;
    if (!arguments.empty()) {
      const PickleNode& first = tree_.nodes[arguments[0]];
      // Copies are counted like values: a list may be named again and again.
      copied_ += first.items.size();
      check_limit(copied_, "copied values");
      for (const PickleId item : first.items) {
        const std::vector<PickleId>& pair = tree_.nodes[item].items;
        if (pair.size() != 2) throw fault("a dict is made of something other than pairs");
        dict.pairs.emplace_back(pair[0], pair[1]);
      }
    }
    return push_new(std::move(dict));
  }

  bool build() {
    const PickleId state = pop();
    PickleNode& node = tree_.nodes[top()];
    const bool takes = node.kind == PickleKind::kObject || node.kind == PickleKind::kDict ||
                       node.kind == PickleKind::kCall;
    if (!takes) throw refused("sets the state of something that is no object");
    if (node.state != kNoPickle) throw fault("sets the state of an object twice");
    node.state = state;
    return true;
  }

  ByteReader reader_;
  const PickleOptions& options_;
  PickleTree tree_;
  std::vector<PickleId> stack_;
  std::vector<std::size_t> marks_;  ///< sizes of the stack
  std::vector<PickleId> memo_;
  uint64_t memoized_ = 0;  ///< MEMOIZE takes the next place
  uint64_t copied_ = 0;
  uint64_t at_ = 0;  ///< of the opcode under way
};

}  // namespace

std::string pickle_name(const PickleNode& node) {
  if (node.kind != PickleKind::kGlobal) return "?";
  return std::string(node.module) + "." + std::string(node.text);
}

PickleTree parse_pickle(std::span<const std::byte> bytes, std::string_view where,
                        const PickleOptions& options) {
  return Machine(bytes, where, options).run();
}

}  // namespace relata::io
