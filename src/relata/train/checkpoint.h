// A training state on disk: tensors and facts in one safetensors file, with a checksum over all of
// it.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "relata/nn/tensor_file.h"

namespace relata::train {

struct Checkpoint {
  nn::NamedTensors tensors;
  std::map<std::string, std::string> facts;
};

/// Atomic: a crash or a full disk leaves the older checkpoint whole.
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

/// Throws Error if the file is truncated or any of its bytes has changed.
Checkpoint read_checkpoint(const std::filesystem::path& path);

}  // namespace relata::train
