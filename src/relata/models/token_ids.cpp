#include "relata/models/token_ids.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "relata/base/error.h"
#include "relata/io/dtype.h"

namespace relata::models {

void check_token_ids(const torch::Tensor& ids, int64_t most) {
  if (ids.dim() != 2 || ids.scalar_type() != torch::kInt64 || ids.size(1) < 1) {
    throw Error({.what = fmt::format("token ids {} {}", toString(ids.scalar_type()),
                                     io::shape_text(ids.sizes().vec())),
                 .remedy = "ids are [batch, tokens] int64"});
  }
  if (ids.size(1) > most) {
    throw Error({.what = fmt::format("a text of {} tokens, and the model has {} positions",
                                     ids.size(1), most),
                 .remedy = "truncate it"});
  }
}

void check_beside_ids(const torch::Tensor& ids, const torch::Tensor& other, std::string_view what) {
  if (!other.defined() || other.sizes() == ids.sizes()) return;
  throw Error({.what = fmt::format("{} {} for ids {}", what, io::shape_text(other.sizes().vec()),
                                   io::shape_text(ids.sizes().vec()))});
}

}  // namespace relata::models
