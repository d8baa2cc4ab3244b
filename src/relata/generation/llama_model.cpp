#include "relata/generation/llama_model.h"

#include <torch/torch.h>

namespace relata::generation {

using torch::Tensor;

LlamaModel::LlamaModel(models::LlamaImpl& llama, bool cached) : llama_(llama), cached_(cached) {}

Tensor LlamaModel::run(const Tensor& ids) {
  const torch::NoGradGuard no_grad;
  nn::TransformerRun run;
  if (cached_) run.caches = &caches_;
  const Tensor hidden = llama_.hidden({.ids = ids, .embeds = {}, .mask = mask_}, run);
  return llama_.logits(hidden.select(1, -1));
}

Tensor LlamaModel::start(const Tensor& ids, const Tensor& mask) {
  caches_ = llama_.caches();
  mask_ = mask.defined() && !mask.all().item<bool>() ? mask.to(torch::kBool) : Tensor();
  ids_ = ids;
  return run(ids);
}

Tensor LlamaModel::next(const Tensor& tokens) {
  const Tensor column = tokens.unsqueeze(1);
  if (mask_.defined()) mask_ = torch::cat({mask_, torch::ones_like(column, torch::kBool)}, 1);
  if (cached_) return run(column);
  ids_ = torch::cat({ids_, column}, 1);
  return run(ids_);
}

void LlamaModel::select(const Tensor& rows) {
  for (nn::KeyValueCache& cache : caches_) cache.select(rows);
  ids_ = ids_.index_select(0, rows);
  if (mask_.defined()) mask_ = mask_.index_select(0, rows);
}

}  // namespace relata::generation
