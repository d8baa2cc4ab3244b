#include "relata/data/transform.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "relata/base/error.h"

namespace relata::data {
namespace {

void check_finite(const View& view, std::string_view field, int64_t position,
                  std::span<const double> row) {
  for (size_t i = 0; i < row.size(); ++i) {
    if (std::isfinite(row[i])) continue;
    refuse_value(view, field, position, i);
  }
}

}  // namespace

void refuse_value(const View& view, std::string_view field, int64_t position, size_t feature) {
  throw Error(
      {.what = fmt::format("field '{}' of record '{}' holds {} at feature '{}'", field,
                           view.id(position), view.vector(position, field)[feature],
                           view.feature_names(field)[feature]),
       .where = view.dataset().folder().string(),
       .remedy = "impute it, or leave the whole field out of this record (a missing modality)"});
}

FieldMatrix field_matrix(const View& view, std::string_view field) {
  FieldMatrix matrix;
  for (int64_t i = 0; i < view.size(); ++i) {
    if (view.present(i, field)) matrix.positions.push_back(i);
  }
  if (matrix.positions.empty()) {
    throw Error({.what = fmt::format("no record of this split has the field '{}'", field),
                 .where = view.dataset().folder().string()});
  }
  const auto rows = static_cast<int64_t>(matrix.positions.size());
  const int64_t width = view.width(field);
  matrix.values = torch::empty({rows, width}, torch::kFloat64);
  auto* out = matrix.values.mutable_data_ptr<double>();
  for (const int64_t position : matrix.positions) {
    const std::span<const double> row = view.vector(position, field);
    check_finite(view, field, position, row);
    std::memcpy(out, row.data(), row.size_bytes());
    out += width;
  }
  return matrix;
}

torch::Tensor Affine::operator()(const torch::Tensor& values) const {
  return (values - offset) / scale;
}

Affine fit_min_max(const torch::Tensor& values, ConstantFeature constant) {
  constexpr double kTiny = 1e-10;
  // mn = min(train); t = x − mn; mx = max(t_train) + 1e-10; x' = t / mx
  const torch::Tensor offset = std::get<0>(values.min(/*dim=*/0));
  const torch::Tensor range = std::get<0>((values - offset).max(/*dim=*/0));
  torch::Tensor scale = range + kTiny;
  if (constant == ConstantFeature::kZero) {
    scale = scale.masked_fill(range < kTiny, std::numeric_limits<double>::infinity());
  }
  return {offset, scale};
}

Affine fit_standard(const torch::Tensor& values) {
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  const auto rows = static_cast<double>(values.size(0));
  const torch::Tensor mean = values.mean(/*dim=*/0);
  const torch::Tensor variance = values.var(/*dim=*/0, /*unbiased=*/false);
  // Equal values need not have variance 0 after rounding; what is below its error bound is constant
  // (scikit-learn's _is_constant_feature).
  const torch::Tensor bound = rows * kEpsilon * variance + torch::square(rows * kEpsilon * mean);
  return {mean, variance.sqrt().masked_fill(variance <= bound, 1.0)};
}

}  // namespace relata::data
