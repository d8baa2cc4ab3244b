#include "relata/models/backbone.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/torch.h>

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/io/json.h"
#include "relata/models/adapter.h"
#include "relata/models/bert.h"
#include "relata/models/clip.h"
#include "relata/models/efficientnet.h"
#include "relata/models/llama.h"
#include "relata/models/sentence_settings.h"
#include "relata/models/squeezenet.h"
#include "relata/models/vit.h"
#include "relata/models/weights.h"
#include "relata/nn/init.h"

namespace relata::models {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using nn::NamedTensors;
using torch::Tensor;

bool holds(const NamedTensors& tensors, std::string_view ending) {
  for (const auto& [name, tensor] : tensors) {
    if (name.ends_with(ending)) return true;
  }
  return false;
}

class ClipBackbone : public Backbone {
 public:
  explicit ClipBackbone(const ClipConfig& config) : clip_(config) {}
  std::string model_type() const override { return config_json().at("model_type"); }
  torch::nn::Module& module() override { return *clip_; }
  json config() const override { return config_json(); }
  std::vector<TensorTable> tables() const override { return clip_tables(clip_->config()); }
  bool encodes_images() const override { return clip_->config().vision.has_value(); }
  bool encodes_texts() const override { return clip_->config().text.has_value(); }

  TextLimits text_limits() const override {
    if (!clip_->config().text) return Backbone::text_limits();
    return {clip_->config().text->positions, clip_->config().text->vocabulary};
  }
  TowerOutput image(const Tensor& pixels) override {
    return encodes_images() ? clip_->vision(pixels) : Backbone::image(pixels);
  }
  TowerOutput text(const Text& text) override {
    return encodes_texts() ? clip_->text(text.ids, text.mask) : Backbone::text(text);
  }
  Tensor embed_image(const Tensor& pixels) override {
    return encodes_images() ? clip_->vision->embed(pixels) : Backbone::image(pixels).embedding;
  }
  Tensor embed_text(const Text& text) override {
    return encodes_texts() ? clip_->text->embed(text.ids, text.mask)
                           : Backbone::text(text).embedding;
  }
  void freeze(nn::Precision precision, bool embeddings_only) override {
    if (encodes_images()) clip_->vision->freeze(precision, embeddings_only);
    if (encodes_texts()) clip_->text->freeze(precision, embeddings_only);
  }

 private:
  json config_json() const { return clip_->config().to_json(); }

  Clip clip_;
};

class BertBackbone : public Backbone {
 public:
  explicit BertBackbone(const BertConfig& config) : bert_(config) {}
  std::string model_type() const override { return config().at("model_type"); }
  torch::nn::Module& module() override { return *bert_; }
  json config() const override { return bert_->config().to_json(); }
  std::vector<TensorTable> tables() const override { return bert_tables(bert_->config()); }
  bool encodes_texts() const override { return true; }
  TextLimits text_limits() const override {
    const BertConfig& config = bert_->config();
    const int64_t most = config.most_tokens > 0 ? config.most_tokens : config.longest_text();
    return {std::min(most, config.longest_text()), config.vocabulary};
  }
  TowerOutput text(const Text& text) override { return bert_(text.ids, text.mask, text.types); }
  void freeze(nn::Precision precision, bool) override { bert_->freeze(precision); }

 private:
  Bert bert_;
};

class VitBackbone : public Backbone {
 public:
  explicit VitBackbone(const VitConfig& config) : vit_(config) {}
  std::string model_type() const override { return "vit"; }
  torch::nn::Module& module() override { return *vit_; }
  json config() const override { return vit_->config().to_json(); }
  std::vector<TensorTable> tables() const override { return vit_tables(vit_->config()); }
  bool encodes_images() const override { return true; }
  TowerOutput image(const Tensor& pixels) override { return vit_(pixels); }
  Tensor embed_image(const Tensor& pixels) override { return vit_->embed(pixels); }
  void freeze(nn::Precision precision, bool embeddings_only) override {
    vit_->freeze(precision, embeddings_only);
  }

 private:
  Vit vit_;
};

class SqueezeNetBackbone : public Backbone {
 public:
  explicit SqueezeNetBackbone(const SqueezeNetConfig& config) : net_(config) {}
  std::string model_type() const override { return "squeezenet"; }
  torch::nn::Module& module() override { return *net_; }
  json config() const override { return net_->config().to_json(); }
  std::vector<TensorTable> tables() const override { return squeezenet_tables(); }
  bool encodes_images() const override { return true; }
  TowerOutput image(const Tensor& pixels) override { return net_(pixels); }
  void freeze(nn::Precision precision, bool) override { net_->freeze(precision); }

 private:
  SqueezeNet net_;
};

class EfficientNetBackbone : public Backbone {
 public:
  explicit EfficientNetBackbone(const EfficientNetConfig& config) : net_(config) {}
  std::string model_type() const override { return "efficientnet-lite"; }
  torch::nn::Module& module() override { return *net_; }
  json config() const override { return net_->config().to_json(); }
  std::vector<TensorTable> tables() const override { return efficientnet_tables(net_->config()); }
  bool encodes_images() const override { return true; }
  TowerOutput image(const Tensor& pixels) override { return net_(pixels); }
  void freeze(nn::Precision precision, bool embeddings_only) override {
    net_->freeze(precision, embeddings_only);
  }

 private:
  EfficientNet net_;
};

class LlamaBackbone : public Backbone {
 public:
  explicit LlamaBackbone(const LlamaConfig& config) : llama_(config) {}
  std::string model_type() const override { return "llama"; }
  torch::nn::Module& module() override { return *llama_; }
  json config() const override { return llama_->config().to_json(); }
  std::vector<TensorTable> tables() const override { return llama_tables(llama_->config()); }
  LlamaImpl* decoder() override { return llama_.get(); }
  TextLimits text_limits() const override {
    return {llama_->config().positions, llama_->config().vocabulary};
  }
  void freeze(nn::Precision precision, bool) override { llama_->freeze(precision); }

 private:
  Llama llama_;
};

using Make = std::function<std::unique_ptr<Backbone>(const ConfigReader&, const NamedTensors&)>;

std::unique_ptr<Backbone> make_clip(const ConfigReader& reader, const NamedTensors&) {
  return std::make_unique<ClipBackbone>(ClipConfig::from_json(reader));
}

std::unique_ptr<Backbone> make_bert(const ConfigReader& reader, const NamedTensors& tensors) {
  BertConfig config = BertConfig::from_json(reader);
  config.pooler = holds(tensors, "pooler.dense.weight");
  return std::make_unique<BertBackbone>(config);
}

std::unique_ptr<Backbone> make_vit(const ConfigReader& reader, const NamedTensors& tensors) {
  VitConfig config = VitConfig::from_json(reader, holds(tensors, "classifier.weight"));
  config.pooler = holds(tensors, "pooler.dense.weight");
  return std::make_unique<VitBackbone>(config);
}

std::unique_ptr<Backbone> make_squeezenet(const ConfigReader& reader, const NamedTensors&) {
  return std::make_unique<SqueezeNetBackbone>(SqueezeNetConfig::from_json(reader));
}

std::unique_ptr<Backbone> make_efficientnet(const ConfigReader& reader,
                                            const NamedTensors& tensors) {
  return std::make_unique<EfficientNetBackbone>(
      EfficientNetConfig::from_json(reader, holds(tensors, "_fc.weight")));
}

std::unique_ptr<Backbone> make_llama(const ConfigReader& reader, const NamedTensors&) {
  return std::make_unique<LlamaBackbone>(LlamaConfig::from_json(reader));
}

const std::map<std::string, Make>& makers() {
  static const std::map<std::string, Make> map{
      {"bert", make_bert},
      {"camembert", make_bert},
      {"clip", make_clip},
      {"clip_text_model", make_clip},
      {"clip_vision_model", make_clip},
      {"efficientnet-lite", make_efficientnet},
      {"llama", make_llama},
      {"mistral", make_llama},
      {"roberta", make_bert},
      {"squeezenet", make_squeezenet},
      {"vit", make_vit},
      {"xlm-roberta", make_bert},
  };
  return map;
}

}  // namespace

TowerOutput Backbone::image(const Tensor&) {
  throw Error({.what = "a model of type " + model_type() + " encodes no pictures"});
}

LlamaImpl& Backbone::require_decoder(std::string_view what, const std::string& where) {
  if (LlamaImpl* found = decoder(); found != nullptr) return *found;
  throw Error({.what = fmt::format("a model of type {} {}", model_type(), what), .where = where});
}

Backbone::TextLimits Backbone::text_limits() const {
  throw Error({.what = "a model of type " + model_type() + " reads no texts"});
}

TowerOutput Backbone::text(const Text&) {
  throw Error({.what = "a model of type " + model_type() + " encodes no texts"});
}

std::vector<std::string> known_architectures() {
  std::vector<std::string> names;
  for (const auto& [name, make] : makers()) names.push_back(name);
  return names;
}

std::unique_ptr<Backbone> make_backbone(const json& config, const NamedTensors& tensors,
                                        const std::string& where) {
  const ConfigReader reader(config, where);
  const auto found = makers().find(reader.text("model_type", ""));
  if (found == makers().end()) {
    throw Error(
        {.what = fmt::format("the architecture '{}' is not known", reader.text("model_type", "")),
         .where = where,
         .remedy = fmt::format("known are {}", fmt::join(known_architectures(), ", "))});
  }
  const nn::SkipInitialisation every_value_is_read;
  std::unique_ptr<Backbone> backbone = found->second(reader, tensors);
  assign(backbone->tables(), nn::tensors_of(backbone->module()), tensors, where);
  backbone->module().eval();
  return backbone;
}

std::unique_ptr<Backbone> load_backbone(const fs::path& folder) {
  const fs::path config = folder / "config.json";
  json content = io::parse_json_strict(read_file(config), config.string());
  if (const json sentences = sentence_settings(folder); !sentences.empty())
    content["relata"] = sentences;
  return make_backbone(content, read_weights(folder), config.string());
}

void write_backbone(Backbone& backbone, const fs::path& folder) {
  if (has_adapter(backbone)) {
    throw Error({.what = "the model has an adapter that is not part of its weights",
                 .remedy = "merge it first, or save the adapter alone"});
  }
  const NamedTensors tensors =
      renamed(backbone.tables().front(), nn::tensors_of(backbone.module()));
  json config = backbone.config();
  config["dtype"] = config["torch_dtype"] = "float32";
  write_file(folder / "config.json", config.dump(2) + "\n");
  nn::save_tensors(folder / "model.safetensors", tensors, {{"format", "pt"}});
}

void save_backbone(Backbone& backbone, const fs::path& folder) {
  write_folder(folder, [&](const fs::path& into) { write_backbone(backbone, into); });
}

bool is_backbone(const fs::path& folder) {
  const fs::path config = folder / "config.json";
  if (!fs::is_regular_file(config)) return false;
  const json content = io::parse_json_strict(read_file(config), config.string());
  return content.is_object() && content.contains("model_type");
}

}  // namespace relata::models
