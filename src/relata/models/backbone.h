// A pretrained backbone as a folder of Hugging Face's layout, whatever its architecture.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "relata/models/tensor_table.h"
#include "relata/models/tower.h"
#include "relata/nn/linear.h"

namespace relata::models {

class LlamaImpl;

class Backbone {
 public:
  virtual ~Backbone() = default;

  /// As config.json calls it, e.g. "clip".
  virtual std::string model_type() const = 0;
  virtual torch::nn::Module& module() = 0;
  virtual nlohmann::json config() const = 0;
  virtual std::vector<TensorTable> tables() const = 0;

  virtual bool encodes_images() const { return false; }
  virtual bool encodes_texts() const { return false; }
  /// The decoder, if it is one.
  virtual LlamaImpl* decoder() { return nullptr; }
  /// The decoder. Throws Error at `where` if it is none: `what` it then cannot do, e.g. "generates
  /// no text".
  LlamaImpl& require_decoder(std::string_view what, const std::string& where = "");

  /// What a tokenizer must keep to.
  struct TextLimits {
    int64_t tokens = 0;      ///< the longest text, template included
    int64_t vocabulary = 0;  ///< ids are below it
  };
  /// The default throws Error: it reads no texts.
  virtual TextLimits text_limits() const;

  struct Text {
    torch::Tensor ids;         ///< [batch, tokens] int64
    torch::Tensor mask = {};   ///< [batch, tokens], true at real tokens; undefined: all are
    torch::Tensor types = {};  ///< [batch, tokens] int64, where the architecture has them
  };
  /// pixels [batch, channels, height, width], normalised. The default throws Error: it has no such
  /// tower.
  virtual TowerOutput image(const torch::Tensor& pixels);
  virtual TowerOutput text(const Text& text);
  /// `embedding` of the above, [batch, embedding width], by the shortest way.
  virtual torch::Tensor embed_image(const torch::Tensor& pixels) { return image(pixels).embedding; }
  virtual torch::Tensor embed_text(const Text& text_input) { return text(text_input).embedding; }

  /// For inference: packs the weights. `embeddings_only`: image and text are not asked for any
  /// more, embed_image and embed_text alone.
  virtual void freeze(nn::Precision precision, bool embeddings_only) = 0;
};

/// The architectures that are known, as config.json calls them.
std::vector<std::string> known_architectures();

/// A backbone for a config.json, with the weights of `tensors` (see assign). `where` names both.
std::unique_ptr<Backbone> make_backbone(const nlohmann::json& config,
                                        const nn::NamedTensors& tensors, const std::string& where);

/// Reads config.json and the weights of a folder, and what sentence-transformers has written beside
/// them; in evaluation mode. Throws Error for an architecture that is not known, and as
/// read_weights and assign do.
std::unique_ptr<Backbone> load_backbone(const std::filesystem::path& folder);

/// Writes config.json and model.safetensors, in Hugging Face's names, into a folder that is there.
/// Throws Error for a model with an adapter that is not merged.
void write_backbone(Backbone& backbone, const std::filesystem::path& folder);
/// The same into a new folder, at once.
void save_backbone(Backbone& backbone, const std::filesystem::path& folder);

/// True if `folder` has a config.json that names an architecture.
bool is_backbone(const std::filesystem::path& folder);

}  // namespace relata::models
