#include "relata/models/clip.h"

#include <torch/torch.h>

#include <cmath>

#include "relata/models/token_ids.h"
#include "relata/nn/init.h"

namespace relata::models {
namespace {

using nn::normal_init;
using torch::Tensor;

/// CLIP's own initialisation (spec §3.1): wider layers and deeper stacks start smaller.
void initialise(nn::Transformer& layers, int64_t width) {
  const auto w = static_cast<double>(width);
  const double attention = std::pow(w, -0.5);
  const double residual = attention * std::pow(2.0 * static_cast<double>(layers->layers()), -0.5);
  for (int64_t i = 0; i < layers->layers(); ++i) {
    nn::Block& block = layers->block(i);
    normal_init(block->attention->qkv->weight, attention);
    normal_init(block->attention->out->weight, residual);
    normal_init(block->mlp->up->weight, std::pow(2 * w, -0.5));
    normal_init(block->mlp->down->weight, residual);
  }
}

nn::Linear projection_layer(int64_t width, int64_t out) {
  nn::Linear layer(width, out, false);
  normal_init(layer->weight, std::pow(static_cast<double>(width), -0.5));
  return layer;
}

/// Learned vectors in front of or added to `x`, in its dtype.
Tensor like(const Tensor& parameter, const Tensor& x) { return parameter.to(x.scalar_type()); }

}  // namespace

nn::BlockOptions ClipVisionConfig::block() const {
  return {.width = width,
          .heads = heads,
          .hidden = hidden,
          .activation = activation,
          .epsilon = epsilon};
}

nn::BlockOptions ClipTextConfig::block() const {
  return {.width = width,
          .heads = heads,
          .hidden = hidden,
          .activation = activation,
          .epsilon = epsilon};
}

ClipVisionImpl::ClipVisionImpl(const ClipVisionConfig& config)
    : config_(config),
      patch_(register_module(
          "patch", nn::Linear(config.channels * config.patch * config.patch, config.width, false))),
      norm_pre_(register_module("norm_pre", nn::Norm(config.width, config.epsilon))),
      layers_(register_module("layers", nn::Transformer(config.block(), config.layers))),
      norm_post_(register_module("norm_post", nn::Norm(config.width, config.epsilon))) {
  const double deviation = std::pow(static_cast<double>(config.width), -0.5);
  const int64_t tokens = 1 + config.grid.rows * config.grid.columns;
  class_embedding_ =
      register_parameter("class_embedding", normal_init(torch::empty({config.width}), deviation));
  positions_ =
      register_parameter("positions", normal_init(torch::empty({tokens, config.width}), deviation));
  initialise(layers_, config.width);
  if (config.projection > 0)
    projection_ = register_module("projection", projection_layer(config.width, config.projection));
}

Tensor ClipVisionImpl::embedded(const Tensor& pixels) {
  check_patch_grid(pixels, config_.channels, config_.patch, config_.grid);
  const Tensor patches = patch_(cut_patches(pixels.to(dtype()), config_.patch));
  const Tensor first = like(class_embedding_, patches).expand({pixels.size(0), 1, -1});
  return norm_pre_(torch::cat({first, patches}, 1) + like(positions_, patches));
}

Tensor ClipVisionImpl::projected(const Tensor& pooled) {
  return projection_ ? projection_(pooled) : pooled;
}

TowerOutput ClipVisionImpl::forward(const Tensor& pixels, const nn::TransformerRun& run) {
  const Tensor tokens = layers_->forward(embedded(pixels), run);
  const Tensor pooled = norm_post_(tokens.select(1, 0).to(positions_.scalar_type()));
  return {tokens, pooled, projected(pooled)};
}

Tensor ClipVisionImpl::embed(const Tensor& pixels) {
  const nn::TokenChoice first{torch::zeros({pixels.size(0)}, torch::kInt64)};
  const Tensor token = layers_->forward(embedded(pixels), {}, &first).select(1, 0);
  return projected(norm_post_(token.to(positions_.scalar_type())));
}

void ClipVisionImpl::resize_grid(Grid grid, GridFilter filter) {
  const torch::NoGradGuard no_grad;
  positions_.set_data(resize_positions(positions_.detach(), config_.grid, grid, filter));
  config_.grid = grid;
}

void ClipVisionImpl::freeze(nn::Precision precision, bool one_token) {
  packed_ = nn::dtype_of(precision);
  patch_->freeze(precision);
  layers_->freeze(precision, one_token);
  if (projection_) projection_->freeze(nn::Precision::kFp32);  // one row an item: exact is cheap
}

ClipTextImpl::ClipTextImpl(const ClipTextConfig& config)
    : config_(config),
      layers_(register_module("layers", nn::Transformer(config.block(), config.layers))),
      norm_final_(register_module("norm_final", nn::Norm(config.width, config.epsilon))) {
  token_embedding_ = register_parameter(
      "token_embedding", normal_init(torch::empty({config.vocabulary, config.width}), 0.02));
  positions_ = register_parameter(
      "positions", normal_init(torch::empty({config.positions, config.width}), 0.01));
  initialise(layers_, config.width);
  if (config.projection > 0)
    projection_ = register_module("projection", projection_layer(config.width, config.projection));
}

Tensor ClipTextImpl::embedded(const Tensor& ids) {
  const Tensor x = torch::embedding(token_embedding_, ids) + positions_.narrow(0, 0, ids.size(1));
  return x.to(dtype());
}

Tensor ClipTextImpl::projected(const Tensor& pooled) {
  return projection_ ? projection_(pooled) : pooled;
}

Tensor ClipTextImpl::end_positions(const Tensor& ids) const {
  constexpr int64_t kMistaken = 2;
  if (config_.end_id == kMistaken) return ids.argmax(1);
  // The first token with that id; the first of all where there is none, as the reference has it.
  return ids.eq(config_.end_id).to(torch::kInt32).argmax(1);
}

TowerOutput ClipTextImpl::forward(const Tensor& ids, const Tensor& mask,
                                  const nn::TransformerRun& run) {
  check_token_ids(ids, config_.positions);
  check_beside_ids(ids, mask, "a mask");
  nn::TransformerRun causal = run;
  causal.context.causal = true;
  if (mask.defined()) causal.context.key_mask = mask.to(torch::kBool);
  const Tensor last = layers_->forward(embedded(ids), causal);
  const Tensor tokens = norm_final_(last.to(positions_.scalar_type()));
  const nn::TokenChoice end{end_positions(ids)};
  const Tensor pooled = end.of(tokens).select(1, 0);
  return {tokens, pooled, projected(pooled)};
}

Tensor ClipTextImpl::embed(const Tensor& ids, const Tensor& mask) {
  check_token_ids(ids, config_.positions);
  check_beside_ids(ids, mask, "a mask");
  const nn::TokenChoice end{end_positions(ids)};
  const int64_t needed = end.index.numel() > 0 ? end.index.max().item<int64_t>() + 1 : 1;
  const Tensor trimmed = ids.narrow(1, 0, needed);
  nn::TransformerRun run;
  run.context.causal = true;
  if (mask.defined()) run.context.key_mask = mask.to(torch::kBool).narrow(1, 0, needed);
  const Tensor token = layers_->forward(embedded(trimmed), run, &end).select(1, 0);
  return projected(norm_final_(token.to(positions_.scalar_type())));
}

void ClipTextImpl::freeze(nn::Precision precision, bool one_token) {
  packed_ = nn::dtype_of(precision);
  layers_->freeze(precision, one_token);
  if (projection_) projection_->freeze(nn::Precision::kFp32);
}

ClipImpl::ClipImpl(const ClipConfig& config) : config_(config) {
  if (config.vision) vision = register_module("vision", ClipVision(*config.vision));
  if (config.text) text = register_module("text", ClipText(*config.text));
  constexpr double kInitialTemperature = 0.07;
  if (config.vision && config.text) {
    logit_scale = register_parameter(
        "logit_scale", torch::tensor(static_cast<float>(std::log(1 / kInitialTemperature))));
  }
}

}  // namespace relata::models
