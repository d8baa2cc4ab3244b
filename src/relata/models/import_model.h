// Published weights of any readable format into a model folder of Hugging Face's layout, once.
#pragma once

#include <filesystem>
#include <string>

#include "relata/nn/activation.h"

namespace relata::models {

struct ImportOptions {
  /// Of a CLIP checkpoint without configuration: OpenAI's are for QuickGELU, most of OpenCLIP's for
  /// GELU, and the file does not say which.
  nn::Activation clip_activation = nn::Activation::kQuickGelu;
};

struct ImportResult {
  std::string format;      ///< what was read, in words
  std::string model_type;  ///< as config.json calls it
  int64_t parameters = 0;
};

/// `path`: a folder in Hugging Face's layout (safetensors or pytorch_model.bin, whole or in
/// shards), a .zip with such a folder, a GGUF file of a LLaMA-type model, an OpenAI or OpenCLIP
/// checkpoint, weights of SqueezeNet 1.1 or EfficientNet-Lite0. `out`: a new folder with
/// config.json, model.safetensors, and the tokenizer and preprocessing that there are. Nothing is
/// left behind on failure. Throws Error naming the file for anything else, for archives with names
/// that lead outside, and as the readers and assign() do.
ImportResult import_model(const std::filesystem::path& path, const std::filesystem::path& out,
                          const ImportOptions& options = {});

}  // namespace relata::models
