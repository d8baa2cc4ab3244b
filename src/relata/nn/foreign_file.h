// Named tensors from files of other programs, whichever format they have.
#pragma once

#include <filesystem>

#include "relata/nn/tensor_file.h"

namespace relata::nn {

/// The tensors of a safetensors file, a PyTorch checkpoint (zip archive, stream of old versions or
/// TorchScript; nothing in it is run), an .npz archive or a GGUF file. The format is found by the
/// content, not by the name. GGUF's floating-point and quantised tensors become float32. Names are
/// those of the file: see io::torch_tensors for nested checkpoints. Tensors are copies in torch's
/// own memory. Throws Error naming the file, and the tensor where there is one, for any other
/// format, a malformed file, and element types that torch has no tensors of.
NamedTensors load_foreign(const std::filesystem::path& path);

/// The same without copies where the bytes are aligned: read-only, alive as long as any of them.
/// Names that share bytes in the file share them here. For what is copied elsewhere or only read.
NamedTensors map_foreign(const std::filesystem::path& path);

}  // namespace relata::nn
