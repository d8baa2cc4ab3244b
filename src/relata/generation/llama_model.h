// A LLaMA-type decoder as a TokenModel.
#pragma once

#include "relata/generation/token_model.h"
#include "relata/models/llama.h"

namespace relata::generation {

class LlamaModel : public TokenModel {
 public:
  /// `llama` must outlive it. With `cached` false every step computes all tokens again: slow, and
  /// what the cache is checked against.
  explicit LlamaModel(models::LlamaImpl& llama, bool cached = true);
  torch::Tensor start(const torch::Tensor& ids, const torch::Tensor& mask) override;
  torch::Tensor next(const torch::Tensor& tokens) override;
  void select(const torch::Tensor& rows) override;
  int64_t longest() const override { return llama_.config().positions - llama_.virtual_tokens(); }

 private:
  torch::Tensor run(const torch::Tensor& ids);

  models::LlamaImpl& llama_;
  bool cached_;
  nn::LayerCaches caches_;
  torch::Tensor ids_;   ///< all so far, where nothing is cached
  torch::Tensor mask_;  ///< of all tokens so far; undefined where all are real
};

}  // namespace relata::generation
