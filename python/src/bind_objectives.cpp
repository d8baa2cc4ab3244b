#include "module.h"
#include "relata/base/error.h"
#include "relata/objectives/mixup_clip.h"
#include "relata/objectives/soft_clip.h"

namespace relata::python {
namespace {

using objectives::BackwardTargets;
using objectives::FixedPoint;
using objectives::SoftTargets;
using torch::Tensor;

template <typename E>
E choice(const std::string& key, const std::string& text, const std::string& first, E of_first,
         const std::string& second, E of_second) {
  if (text == first) return of_first;
  if (text == second) return of_second;
  throw Error(
      {.what = key + " is '" + text + "'", .remedy = "choose '" + first + "' or '" + second + "'"});
}

Tensor soft_clip(const Tensor& a, const Tensor& b, double temperature, bool detach_targets) {
  return objectives::soft_clip(a, b, temperature,
                               detach_targets ? SoftTargets::kDetached : SoftTargets::kAttached);
}

Tensor mixup_clip(const Tensor& a_mixed, const Tensor& b, const Tensor& permutation,
                  const Tensor& coefficients, double temperature, const std::string& fixed_point,
                  const std::string& backward_targets) {
  const objectives::MixupClipOptions options{
      .temperature = temperature,
      .fixed_point = choice("fixed_point", fixed_point, "overwrite", FixedPoint::kOverwrite,
                            "accumulate", FixedPoint::kAccumulate),
      .backward =
          choice("backward_targets", backward_targets, "as_released", BackwardTargets::kAsReleased,
                 "row_normalise", BackwardTargets::kNormalised)};
  return objectives::mixup_clip(
      a_mixed, b, {.permutation = permutation, .coefficients = coefficients}, options);
}

Tensor mix_rows(const Tensor& x, const Tensor& permutation, const Tensor& coefficients) {
  return objectives::mix_rows(x, {.permutation = permutation, .coefficients = coefficients});
}

}  // namespace

void bind_objectives(py::module_& module) {
  const py::call_guard<py::gil_scoped_release> free;
  module.def("soft_clip", soft_clip, free);
  module.def("mixup_clip", mixup_clip, free);
  module.def("mix_rows", mix_rows, free);
}

}  // namespace relata::python
