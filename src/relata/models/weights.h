// The weights of a model folder, in whichever of the published layouts it has.
#pragma once

#include <filesystem>

#include "relata/nn/tensor_file.h"

namespace relata::models {

/// From `model.safetensors`, or the shards that `model.safetensors.index.json` names; where there
/// is neither, from `pytorch_model.bin` or the shards of `pytorch_model.bin.index.json`, of which
/// nothing is run. Tensors are mapped, not copied. Throws Error naming the folder for none of them,
/// and for an index: all shards that are missing, tensors that no shard holds, and shards that hold
/// others.
nn::NamedTensors read_weights(const std::filesystem::path& folder);

}  // namespace relata::models
