#include "convert.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "relata/base/error.h"
#include "relata/base/parallel.h"
#include "relata/io/dtype.h"

namespace relata::python {
namespace {

using torch::Tensor;

[[noreturn]] void refuse_shape(const Tensor& tensor, std::string_view what,
                               std::string_view expected) {
  throw Error({.what = fmt::format("the {} is {}, but must be {}", what,
                                   io::shape_text(tensor.sizes().vec()), expected)});
}

Tensor plain(const Tensor& tensor, std::string_view what) {
  if (tensor.is_complex()) throw Error({.what = fmt::format("the {} is complex", what)});
  return tensor.detach().cpu();
}

template <typename T>
std::vector<T> copied(const Tensor& tensor) {
  const Tensor dense = tensor.contiguous();
  const T* data = dense.const_data_ptr<T>();
  return {data, data + dense.numel()};
}

}  // namespace

Scores scores_of(const Tensor& tensor, std::string_view what) {
  // One column would have class 0 alone, though it is likely meant as that of class 1.
  if (tensor.dim() != 1 && (tensor.dim() != 2 || tensor.size(1) < 2)) {
    refuse_shape(tensor, what, "[rows] for class 1, or [rows, classes] of two classes or more");
  }
  return {.values = copied<double>(plain(tensor, what).to(torch::kFloat64)),
          .rows = tensor.size(0),
          .classes = tensor.dim() == 2 ? tensor.size(1) : 0};
}

Scores matrix_of(const Tensor& tensor, std::string_view what) {
  if (tensor.dim() != 2 || tensor.size(1) < 2) {
    refuse_shape(tensor, what, "[rows, classes] of two classes or more");
  }
  return scores_of(tensor, what);
}

std::vector<int64_t> class_numbers(const Tensor& tensor, std::string_view what) {
  if (tensor.dim() != 1) refuse_shape(tensor, what, "[rows]");
  const Tensor here = plain(tensor, what);
  const Tensor whole = here.to(torch::kInt64);
  if (here.is_floating_point()) {
    const Tensor differs = whole.to(here.dtype()) != here;
    if (differs.any().item<bool>()) {
      const auto row = differs.nonzero()[0].item<int64_t>();
      throw Error({.what = fmt::format("{} {} is no class number", what, here[row].item<double>()),
                   .where = fmt::format("row {}", row),
                   .remedy = "class scores have the shape [rows, classes]"});
    }
  }
  return copied<int64_t>(whole);
}

std::vector<int64_t> predicted_classes(const Tensor& prediction_or_score) {
  if (prediction_or_score.dim() != 2) return class_numbers(prediction_or_score, "prediction");
  if (prediction_or_score.size(1) < 2) {
    refuse_shape(prediction_or_score, "prediction or score",
                 "class numbers [rows], or [rows, classes] of two classes or more");
  }
  return metrics::argmax(scores_of(prediction_or_score, "score").matrix());
}

void follow_torch_threads() { set_threads(at::get_num_threads()); }

}  // namespace relata::python
