#include "relata/systems/m3col/model.h"

#include "relata/nn/autocast.h"

namespace relata::systems::m3col {

ModelImpl::ModelImpl(const ModelConfig& config, const ModelShape& shape) {
  const auto roles = shape.widths.size();
  for (size_t m = 0; m < roles; ++m) {
    encoders_.push_back(register_module(
        "encoder" + std::to_string(m + 1),
        nn::Mlp(nn::MlpShape{shape.widths[m], config.embedding, config.embedding})));
  }
  for (size_t m = 0; m < roles; ++m) {
    heads_.push_back(register_module("head" + std::to_string(m + 1),
                                     nn::Mlp(nn::MlpShape{config.embedding, config.hidden,
                                                          shape.classes, config.head_dropout})));
  }
  const auto joint = static_cast<int64_t>(roles) * config.embedding;
  fusion_ = register_module(
      "fusion", nn::Mlp(nn::MlpShape{joint, config.hidden, shape.classes, config.head_dropout}));
}

torch::Tensor ModelImpl::encode(size_t role, const torch::Tensor& x) { return encoders_[role](x); }

torch::Tensor ModelImpl::head(size_t role, const torch::Tensor& e) {
  const nn::Autocast logits_are_wide(nn::Precision::kFp32);
  return heads_[role](nn::widened(e));
}

torch::Tensor ModelImpl::fuse(const std::vector<torch::Tensor>& embeddings) {
  const nn::Autocast logits_are_wide(nn::Precision::kFp32);
  return fusion_(nn::widened(torch::cat(embeddings, /*dim=*/1)));
}

}  // namespace relata::systems::m3col
