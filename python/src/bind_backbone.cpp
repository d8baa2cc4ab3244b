#include <pybind11/stl/filesystem.h>

#include <array>
#include <nlohmann/json.hpp>

#include "module.h"
#include "relata/base/error.h"
#include "relata/generation/generate.h"
#include "relata/generation/llama_model.h"
#include "relata/models/adapter.h"
#include "relata/models/backbone.h"
#include "relata/models/llama.h"

namespace relata::python {
namespace {

namespace fs = std::filesystem;
using models::Backbone;
using nn::NamedTensors;
using torch::Tensor;

Backbone::Text text_of(const Tensor& ids, const std::optional<Tensor>& mask,
                       const std::optional<Tensor>& types) {
  return {ids, mask.value_or(Tensor()), types.value_or(Tensor())};
}

NamedTensors named(const models::TowerOutput& output) {
  NamedTensors all{{"tokens", output.tokens}, {"embedding", output.embedding}};
  if (output.pooled.defined()) all["pooled"] = output.pooled;
  return all;
}

/// Logits of a decoder, [batch, tokens, vocabulary].
Tensor logits(Backbone& backbone, const Tensor& ids, const std::optional<Tensor>& mask) {
  models::LlamaImpl& decoder = backbone.require_decoder("gives no logits");
  return decoder.logits(
      decoder.hidden({.ids = ids, .embeds = {}, .mask = mask.value_or(Tensor())}));
}

const models::TensorTable& table_of(const std::vector<models::TensorTable>& tables,
                                    const std::string& naming) {
  for (const models::TensorTable& table : tables) {
    if (table.naming == naming) return table;
  }
  throw Error({.what = "no names of '" + naming + "' are known for this architecture"});
}

NamedTensors parameters(Backbone& backbone, const std::string& naming) {
  const auto tables = backbone.tables();
  return models::renamed(table_of(tables, naming), nn::tensors_of(backbone.module()));
}

/// Gradients by the names of `naming`; zeros where there is none.
NamedTensors gradients(Backbone& backbone, const std::string& naming) {
  NamedTensors ours;
  for (const auto& [name, tensor] : nn::tensors_of(backbone.module()))
    ours[name] = tensor.grad().defined() ? tensor.grad() : torch::zeros_like(tensor);
  const auto tables = backbone.tables();
  return models::renamed(table_of(tables, naming), ours);
}

using Generated = std::tuple<std::vector<int64_t>, std::vector<float>, double, std::string>;

struct GenerateCall {
  generation::GenerationOptions options;
  bool cached = true;
};

std::vector<Generated> generate(Backbone& backbone, const Tensor& ids,
                                const std::optional<Tensor>& mask, const GenerateCall& call) {
  generation::LlamaModel model(backbone.require_decoder("generates no text"), call.cached);
  std::vector<Generated> all;
  for (auto& one : generation::generate(model, ids, mask.value_or(Tensor()), call.options)) {
    constexpr std::array kReasons{"end", "length", "stopped"};
    all.emplace_back(std::move(one.tokens), std::move(one.log_probabilities), one.score,
                     kReasons.at(static_cast<size_t>(one.reason)));
  }
  return all;
}

generation::EarlyStopping early_stopping(const std::string& name) {
  if (name == "heuristic") return generation::EarlyStopping::kHeuristic;
  if (name == "when_full") return generation::EarlyStopping::kWhenFull;
  if (name == "never") return generation::EarlyStopping::kNever;
  throw Error({.what = "early stopping '" + name + "' is not known",
               .remedy = "known are heuristic, when_full, never"});
}

GenerateCall call_of(int64_t max_new_tokens, const std::vector<int64_t>& end_ids, bool sample,
                     double temperature, int64_t top_k, double top_p, int64_t beams,
                     double length_penalty, const std::string& early, bool cached) {
  GenerateCall call{.options = {.max_new_tokens = max_new_tokens,
                                .end_ids = end_ids,
                                .sampling = {},
                                .beams = beams,
                                .length_penalty = length_penalty,
                                .early_stopping = early_stopping(early),
                                .on_token = {}},
                    .cached = cached};
  if (sample) call.options.sampling = {temperature, top_k, top_p};
  return call;
}

void freeze(Backbone& backbone, const std::string& precision, bool embeddings_only) {
  if (precision != "fp32" && precision != "bf16")
    throw Error({.what = "the precision '" + precision + "' is not known",
                 .remedy = "known are fp32, bf16"});
  backbone.freeze(precision == "bf16" ? nn::Precision::kBf16 : nn::Precision::kFp32,
                  embeddings_only);
}

/// The parameters that training would change, under our own names, sharing memory.
NamedTensors trainable(Backbone& backbone) {
  NamedTensors named;
  for (const auto& item : backbone.module().named_parameters()) {
    if (item.value().requires_grad()) named[item.key()] = item.value();
  }
  return named;
}

constexpr const char* kNoDecoder = "takes no virtual tokens: it is no decoder";

void add_lora(Backbone& backbone, const std::vector<std::string>& targets, int64_t rank,
              double alpha, double dropout, bool rslora) {
  models::add_lora(
      backbone,
      {.targets = targets, .rank = rank, .alpha = alpha, .dropout = dropout, .rslora = rslora});
}

}  // namespace

void bind_backbone(py::module_& module) {
  const py::call_guard<py::gil_scoped_release> free;
  module.def("is_backbone", models::is_backbone, free);
  py::class_<Backbone>(module, "Backbone")
      .def(py::init([](const fs::path& folder) { return models::load_backbone(folder); }), free)
      .def_property_readonly("model_type", &Backbone::model_type)
      .def_property_readonly("encodes_images", &Backbone::encodes_images)
      .def_property_readonly("encodes_texts", &Backbone::encodes_texts)
      .def("config", [](const Backbone& b) { return b.config().dump(); })
      .def(
          "image", [](Backbone& b, const Tensor& pixels) { return named(b.image(pixels)); }, free)
      .def("embed_image", &Backbone::embed_image, free)
      .def(
          "text",
          [](Backbone& b, const Tensor& ids, const std::optional<Tensor>& mask,
             const std::optional<Tensor>& types) {
            return named(b.text(text_of(ids, mask, types)));
          },
          free)
      .def(
          "embed_text",
          [](Backbone& b, const Tensor& ids, const std::optional<Tensor>& mask,
             const std::optional<Tensor>& types) {
            return b.embed_text(text_of(ids, mask, types));
          },
          free)
      .def("logits", logits, free)
      .def(
          "generate",
          [](Backbone& b, const Tensor& ids, const std::optional<Tensor>& mask,
             int64_t max_new_tokens, const std::vector<int64_t>& end_ids, bool sample,
             double temperature, int64_t top_k, double top_p, int64_t beams, double length_penalty,
             const std::string& early, bool cached) {
            return generate(b, ids, mask,
                            call_of(max_new_tokens, end_ids, sample, temperature, top_k, top_p,
                                    beams, length_penalty, early, cached));
          },
          free)
      .def("end_ids",
           [](Backbone& b) {
             return b.decoder() == nullptr ? std::vector<int64_t>{} : b.decoder()->config().end_ids;
           })
      .def("parameters", parameters, free)
      .def("gradients", gradients, free)
      .def("zero_grad", [](Backbone& b) { b.module().zero_grad(); })
      .def("train", [](Backbone& b, bool on) { b.module().train(on); })
      .def("trainable", trainable, free)
      .def("add_lora", add_lora, free)
      .def("add_prefix",
           [](Backbone& b, int64_t tokens, int64_t hidden) {
             b.require_decoder(kNoDecoder).add_prefix(tokens, hidden);
           })
      .def("add_prompt",
           [](Backbone& b, int64_t tokens) { b.require_decoder(kNoDecoder).add_prompt(tokens); })
      .def("load_adapter", models::load_adapter, free)
      .def("save_adapter", models::save_adapter, free)
      .def("merge_adapters", models::merge_adapters, free)
      .def("unmerge_adapters", models::unmerge_adapters, free)
      .def("freeze", freeze, free)
      .def("save", models::save_backbone, free);
}

}  // namespace relata::python
