#include "relata/objectives/positives.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "relata/base/error.h"

namespace relata::objectives {
namespace {

using torch::Tensor;

void check_ids(std::string_view objective, const Tensor& ids, int64_t batch) {
  if (ids.dim() == 1 && ids.size(0) == batch && at::isIntegralType(ids.scalar_type(), false))
    return;
  throw Error(
      {.what = fmt::format("the ids are [{}] of {}, but must be one whole number for each "
                           "of the {} rows",
                           fmt::join(ids.sizes(), ", "), c10::toString(ids.scalar_type()), batch),
       .where = std::string(objective)});
}

}  // namespace

Positives::Positives(std::string_view objective, const Tensor& ids, const Tensor& a)
    : diagonal_(!ids.defined()) {
  const int64_t batch = a.size(0);
  if (diagonal_) {
    ids_ = torch::arange(batch, a.options().dtype(torch::kInt32));
    count_ = torch::ones({batch}, a.options());
    return;
  }
  check_ids(objective, ids, batch);
  // Numbered by their places among the distinct ids: 32 bits are compared faster than 64.
  const auto [distinct, number, count] =
      at::_unique2(ids, /*sorted=*/true, /*return_inverse=*/true, /*return_counts=*/true);
  ids_ = number.to(a.device(), torch::kInt32);
  count_ = count.index_select(0, number).to(a.options());
}

std::optional<Tensor> Positives::mask(const Tile& tile) {
  const bool apart = tile.row + tile.rows <= tile.column || tile.column + tile.columns <= tile.row;
  if (diagonal_ && apart) return std::nullopt;
  const Tensor rows = tile.of_rows(ids_).unsqueeze(1);
  const Tensor columns = tile.of_columns(ids_).unsqueeze(0);
  Tensor y = mask_.matrix(tile.rows, tile.columns, ids_.options().dtype(torch::kBool));
  return at::eq_out(y, rows, columns);
}

}  // namespace relata::objectives
