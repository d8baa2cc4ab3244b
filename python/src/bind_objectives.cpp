#include "module.h"
#include "relata/base/error.h"
#include "relata/objectives/info_nce.h"
#include "relata/objectives/mixup_clip.h"
#include "relata/objectives/sdm.h"
#include "relata/objectives/sigmoid_pairs.h"
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

using OptionalIds = std::optional<Tensor>;

Tensor info_nce(const Tensor& a, const Tensor& b, const Tensor& scale, const OptionalIds& ids,
                int64_t tile) {
  return objectives::info_nce(a, b, scale, {.ids = ids.value_or(Tensor()), .tile = tile});
}

Tensor sdm(const Tensor& text, const Tensor& image, const Tensor& ids, const Tensor& scale,
           double epsilon, int64_t tile) {
  return objectives::sdm(text, image, ids, scale, {.epsilon = epsilon, .tile = tile});
}

Tensor sigmoid(const Tensor& a, const Tensor& b, const Tensor& scale, const Tensor& bias,
               const OptionalIds& ids, int64_t tile) {
  return objectives::sigmoid_pairs(a, b, scale, bias,
                                   {.ids = ids.value_or(Tensor()), .tile = tile});
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
  const auto tile = py::arg("tile") = objectives::kTileEdge;
  module.def("info_nce", info_nce, py::arg("a"), py::arg("b"), py::arg("scale"),
             py::arg("ids") = py::none(), tile, free);
  module.def("sdm", sdm, py::arg("text"), py::arg("image"), py::arg("ids"), py::arg("scale"),
             py::arg("epsilon") = objectives::SdmOptions{}.epsilon, tile, free);
  module.def("sigmoid", sigmoid, py::arg("a"), py::arg("b"), py::arg("scale"), py::arg("bias"),
             py::arg("ids") = py::none(), tile, free);
}

}  // namespace relata::python
