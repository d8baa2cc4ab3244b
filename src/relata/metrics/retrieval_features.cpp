#include "relata/metrics/retrieval_features.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "relata/base/error.h"

namespace relata::metrics {
namespace {

using torch::Tensor;

constexpr int64_t kBlockBytes = int64_t{32} << 20;
constexpr double kLeastNorm = 1e-12;

void check_features(const Tensor& queries, const Tensor& gallery, size_t query_ids,
                    size_t gallery_ids) {
  const auto shape = [](const Tensor& x) {
    return fmt::format("{} [{}]", c10::toString(x.scalar_type()), fmt::join(x.sizes(), ", "));
  };
  const bool matrices = queries.dim() == 2 && gallery.dim() == 2 && queries.is_floating_point() &&
                        gallery.is_floating_point() && queries.size(1) == gallery.size(1);
  if (!matrices) {
    throw Error({.what = fmt::format("the queries are {} and the gallery is {}, but must be "
                                     "floating-point [queries, width] and [gallery, width]",
                                     shape(queries), shape(gallery))});
  }
  if (queries.size(0) == static_cast<int64_t>(query_ids) &&
      gallery.size(0) == static_cast<int64_t>(gallery_ids)) {
    return;
  }
  throw Error({.what = fmt::format("there are {} queries with {} ids and {} gallery items with {}",
                                   queries.size(0), query_ids, gallery.size(0), gallery_ids),
               .remedy = "give one id for each"});
}

Tensor prepared(const Tensor& x, torch::ScalarType type, Similarity similarity) {
  const Tensor same = x.detach().to(torch::kCPU, type);
  if (similarity == Similarity::kDot) return same;
  return same / at::linalg_vector_norm(same, 2, 1, /*keepdim=*/true).clamp_min(kLeastNorm);
}

template <typename T>
std::span<const T> values_of(const Tensor& x) {
  return {x.const_data_ptr<T>(), static_cast<size_t>(x.numel())};
}

}  // namespace

RetrievalReport retrieval_from_features(const Tensor& queries, const Tensor& gallery,
                                        std::span<const int64_t> query_ids,
                                        std::span<const int64_t> gallery_ids, Similarity similarity,
                                        const RetrievalOptions& options) {
  const torch::NoGradGuard no_grad;
  check_features(queries, gallery, query_ids.size(), gallery_ids.size());
  Retrieval retrieval(query_ids, gallery_ids);
  const auto type = at::promoteTypes(at::promoteTypes(queries.scalar_type(), gallery.scalar_type()),
                                     torch::kFloat32);
  const Tensor items = prepared(gallery, type, similarity);
  const int64_t row_bytes = items.size(0) * static_cast<int64_t>(items.element_size());
  const int64_t block = std::clamp<int64_t>(kBlockBytes / row_bytes, 1, queries.size(0));
  const Tensor buffer = torch::empty({block, items.size(0)}, items.options());
  for (int64_t begin = 0; begin < queries.size(0); begin += block) {
    const int64_t rows = std::min(block, queries.size(0) - begin);
    Tensor scores = buffer.narrow(0, 0, rows);
    at::mm_out(scores, prepared(queries.narrow(0, begin, rows), type, similarity), items.t());
    type == torch::kFloat64 ? retrieval.add(values_of<double>(scores))
                            : retrieval.add(values_of<float>(scores));
  }
  return retrieval.report(options);
}

}  // namespace relata::metrics
