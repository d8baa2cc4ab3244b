#include "relata/nn/transformer.h"

#include <torch/torch.h>

#include <string>

namespace relata::nn {

TransformerImpl::TransformerImpl(const BlockOptions& options, int64_t layers) {
  for (int64_t i = 0; i < layers; ++i)
    blocks_.push_back(register_module(std::to_string(i), Block(options)));
}

torch::Tensor TransformerImpl::forward(torch::Tensor x, const TransformerRun& run,
                                       const TokenChoice* chosen) {
  const int64_t count = run.layers < 0 ? layers() : std::min(run.layers, layers());
  if (run.traces != nullptr) run.traces->assign(static_cast<size_t>(count), {});
  for (int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<size_t>(i);
    BlockContext context = run.context;
    if (run.caches != nullptr) context.cache = &run.caches->at(at);
    if (run.traces != nullptr) context.trace = &run.traces->at(at);
    if (run.adapt) run.adapt(i, context);
    if (run.hidden != nullptr) run.hidden->push_back(x);
    x = blocks_[at]->forward(x, context, i + 1 == count ? chosen : nullptr);
  }
  return x;
}

void TransformerImpl::freeze(Precision precision, bool one_token, Use use) {
  for (int64_t i = 0; i < layers(); ++i)
    block(i)->freeze(precision, one_token && i + 1 == layers(), use);
}

}  // namespace relata::nn
