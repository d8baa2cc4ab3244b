#include "relata/nn/virtual_tokens.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "relata/base/error.h"
#include "relata/nn/init.h"

namespace relata::nn {
namespace {

void require_positive(int64_t size, const char* what) {
  if (size < 1) throw Error({.what = fmt::format("virtual tokens with {} {}", size, what)});
}

}  // namespace

PrefixImpl::PrefixImpl(const PrefixOptions& options) : options_(options) {
  require_positive(options.tokens, "tokens");
  require_positive(options.layers, "layers");
  require_positive(options.groups, "heads");
  require_positive(options.head_width, "numbers a head");
  const int64_t width = options.groups * options.head_width;
  const int64_t all = options.layers * 2 * width;
  const int64_t row = options.hidden > 0 ? width : all;
  embedding = register_parameter("embedding", normal_init(torch::empty({options.tokens, row}), 1));
  if (options.hidden > 0) {
    inner_ = register_module("inner", Linear(width, options.hidden));
    outer_ = register_module("outer", Linear(options.hidden, all));
  }
}

torch::Tensor PrefixImpl::all() {
  if (!inner_) return embedding;
  return outer_->forward(inner_->forward(embedding, Activation::kTanh));
}

torch::Tensor PrefixImpl::keys_and_values(int64_t batch) {
  return all()
      .view({options_.tokens, 2 * options_.layers, options_.groups, options_.head_width})
      .permute({1, 2, 0, 3})
      .unsqueeze(1)
      .expand({-1, batch, -1, -1, -1});
}

PromptImpl::PromptImpl(int64_t tokens, int64_t width) {
  require_positive(tokens, "tokens");
  require_positive(width, "numbers a token");
  embedding = register_parameter("embedding", normal_init(torch::empty({tokens, width}), 1));
}

}  // namespace relata::nn
