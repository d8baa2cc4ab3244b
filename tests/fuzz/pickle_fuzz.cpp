// Whatever a pickle says, its tree refers to its own values and its texts to the input; walking it
// for tensors ends.
#include "relata/io/pickle.h"

#include "fuzz/fuzz.h"
#include "relata/io/torch_tree.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  using namespace relata;
  fuzz::allow_error([&] {
    const auto bytes = fuzz::as_bytes(data, size);
    const io::PickleTree tree = io::parse_pickle(
        bytes, "fuzz", {.callables = io::torch_callables(), .node_limit = 1U << 16U});
    fuzz::require(tree.size <= size && tree.root < tree.nodes.size());
    const auto known = [&](io::PickleId id) { fuzz::require(id < tree.nodes.size()); };
    for (const io::PickleNode& node : tree.nodes) {
      for (const io::PickleId item : node.items) known(item);
      for (const auto& [key, value] : node.pairs) known(key), known(value);
      if (node.kind == io::PickleKind::kCall || node.kind == io::PickleKind::kObject)
        known(node.subject), known(node.argument);
      if (node.state != io::kNoPickle) known(node.state);
      fuzz::require(node.text.size() <= size);
    }
    for (const io::NamedPickle& tensor : io::torch_tensors(tree, "fuzz"))
      fuzz::allow_error([&] { io::read_torch_tensor(tree, tensor.id, "fuzz"); });
  });
  return 0;
}
