// Adapters of a backbone: low-rank ones on layers that are named as Hugging Face names them, and
// their files in PEFT's layout.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "relata/models/backbone.h"

namespace relata::models {

struct LoraSettings {
  /// Endings of layers' names, whole words between dots: "q_proj", "self_attn.q_proj", "query"; or
  /// "all-linear": every linear layer but the output layer of a decoder.
  std::vector<std::string> targets;
  int64_t rank = 8;
  double alpha = 8;
  double dropout = 0;
  bool rslora = false;  ///< see nn::LoraOptions
};

/// Adds an adapter to each layer that is meant, also where our layer holds several of theirs; all
/// other parameters are frozen. Nothing changes until it is trained. Throws Error for a target
/// that names no layer (naming what there is), and a layer that has an adapter.
void add_lora(Backbone& backbone, const LoraSettings& settings);

/// Adds a folder's adapter (adapter_config.json and adapter_model.safetensors, or .bin): LoRA with
/// what was trained beside it whole, or the prefix or the prompt of a decoder. Throws Error for
/// another kind of adapter, naming those known, and one that lists all tensors that fit nowhere.
void load_adapter(Backbone& backbone, const std::filesystem::path& folder);

/// Writes the adapter into a new folder. `base` is where PEFT shall find the model itself. Throws
/// Error if there is none, or it is merged.
void save_adapter(Backbone& backbone, const std::filesystem::path& folder, const std::string& base);

/// Adds low-rank adapters into the weights, and takes them out again, bit for bit.
void merge_adapters(Backbone& backbone);
void unmerge_adapters(Backbone& backbone);

/// True if the backbone has low-rank adapters that are not merged, or virtual tokens.
bool has_adapter(Backbone& backbone);

/// True if `folder` holds an adapter and no model.
bool is_adapter(const std::filesystem::path& folder);

}  // namespace relata::models
