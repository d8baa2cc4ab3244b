#include "relata/objectives/tiled.h"

#include <fmt/format.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <utility>

#include "relata/base/error.h"
#include "relata/objectives/rows.h"

namespace relata::objectives {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Unit rows made where they are needed: n(X) is never held whole.
class Rows {
 public:
  explicit Rows(const Tensor& x)
      : x_(x), norm_(at::linalg_vector_norm(x, 2, 1, /*keepdim=*/true)) {}

  int64_t size() const { return x_.size(0); }

  Tensor unit(int64_t begin, int64_t rows) const {
    return x_.narrow(0, begin, rows) / norm_.narrow(0, begin, rows).clamp_min(kLeastNorm);
  }

  /// From h = dL/dn to dL/dx, rows begin … begin + rows − 1, in place; Σ n·h of them.
  Tensor to_gradient(int64_t begin, const Tensor& h) const {
    const Tensor norm = norm_.narrow(0, begin, h.size(0));
    const Tensor n = unit(begin, h.size(0));
    const Tensor along = (n * h).sum(1, /*keepdim=*/true);
    // dL/dx = (h − n (n·h)) / ‖x‖; a row shorter than the guard is divided by a constant.
    h.sub_(n * torch::where(norm >= kLeastNorm, along, 0));
    h.div_(norm.clamp_min(kLeastNorm));
    return along.sum(torch::kFloat64);
  }

 private:
  Tensor x_;     ///< [batch, width]
  Tensor norm_;  ///< [batch, 1]
};

/// Walks the tiles of S.
class Walk {
 public:
  Walk(const Logits& logits, int64_t edge)
      : a_(logits.a),
        b_(logits.b),
        scale_(logits.scale),
        bias_(logits.bias),
        edge_(std::min(edge, a_.size())),
        buffer_(torch::empty({edge_ * edge_}, logits.a.options())) {}

  /// visit(tile, S, n(A) of its rows, n(B) of its columns)
  template <typename Visit>
  void tiles(Visit visit) {
    const int64_t size = a_.size();
    for (int64_t row = 0; row < size; row += edge_) {
      const int64_t rows = std::min(edge_, size - row);
      const Tensor n_a = a_.unit(row, rows);
      const Tensor scaled = n_a * scale_;
      for (int64_t column = 0; column < size; column += edge_) {
        const Tile tile{row, rows, column, std::min(edge_, size - column)};
        const Tensor n_b = b_.unit(column, tile.columns);
        Tensor s = buffer_.narrow(0, 0, rows * tile.columns).view({rows, tile.columns});
        at::mm_out(s, scaled, n_b.t());  // the out form is not touched by autocast
        visit(tile, s.add_(bias_), n_a, n_b);
      }
    }
  }

  /// dL/dX · 1 / (g s) → dL/dX, block by block; Σ n·h.
  Tensor finish(const Rows& x, const Tensor& h, const Tensor& factor) const {
    Tensor along = torch::zeros({}, h.options().dtype(torch::kFloat64));
    for (int64_t begin = 0; begin < h.size(0); begin += edge_) {
      const Tensor block = h.narrow(0, begin, std::min(edge_, h.size(0) - begin));
      along += x.to_gradient(begin, block);
      block.mul_(factor);
    }
    return along;
  }

  const Rows& a() const { return a_; }
  const Rows& b() const { return b_; }

 private:
  Rows a_, b_;
  Tensor scale_, bias_;
  int64_t edge_;
  Tensor buffer_;
};

/// What the backward step is asked for.
struct Wanted {
  bool a, b, scale, bias;
};

variable_list gradients(TiledLoss& loss, const Logits& logits, int64_t edge, const Wanted& wanted,
                        const Tensor& g) {
  // h_A = dL/dS n(B)   h_B = (dL/dS)ᵀ n(A)   dL/ds = Σ n(A)·h_A = Σ n(B)·h_B   dL/db = Σ dL/dS
  const bool with_a = wanted.a || (wanted.scale && !wanted.b);
  Tensor h_a = with_a ? torch::zeros_like(logits.a, at::MemoryFormat::Contiguous) : Tensor();
  Tensor h_b = wanted.b ? torch::zeros_like(logits.b, at::MemoryFormat::Contiguous) : Tensor();
  Tensor d_bias = torch::zeros({}, logits.a.options().dtype(torch::kFloat64));
  Walk walk(logits, edge);
  walk.tiles([&](const Tile& tile, const Tensor& s, const Tensor& n_a, const Tensor& n_b) {
    const Tensor slope = loss.slope(tile, s);
    if (with_a) tile.of_rows(h_a).addmm_(slope, n_b);
    if (wanted.b) tile.of_columns(h_b).addmm_(slope.t(), n_a);
    if (wanted.bias) d_bias += slope.sum(torch::kFloat64);
  });
  const Tensor factor = g * logits.scale;
  Tensor along;
  if (with_a) along = walk.finish(walk.a(), h_a, factor);
  if (wanted.b) along = walk.finish(walk.b(), h_b, factor);
  const auto type = logits.scale.scalar_type();
  return {wanted.a ? h_a : Tensor(), h_b, wanted.scale ? (along * g).to(type) : Tensor(),
          wanted.bias ? (d_bias * g).to(type) : Tensor()};
}

class TiledFunction : public torch::autograd::Function<TiledFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& a, const Tensor& b,
                        const Tensor& scale, const Tensor& bias,
                        const c10::intrusive_ptr<TiledLoss>& loss, int64_t edge) {
    Walk({a, b, scale, bias}, edge).tiles([&](const Tile& tile, const Tensor& s, auto&, auto&) {
      loss->see(tile, s);
    });
    context->save_for_backward({a, b, scale, bias});
    context->saved_data["loss"] = torch::IValue::make_capsule(loss);
    context->saved_data["edge"] = edge;
    return loss->value().to(a.scalar_type());
  }

  static variable_list backward(AutogradContext* context, const variable_list& outputs) {
    if (at::GradMode::is_enabled())
      throw Error({.what = "a loss that is computed tile by tile has no second derivatives",
                   .remedy = "do without create_graph"});
    const variable_list saved = context->get_saved_variables();
    const auto loss = context->saved_data["loss"].toCapsule();
    const Wanted wanted{context->needs_input_grad(0), context->needs_input_grad(1),
                        context->needs_input_grad(2), context->needs_input_grad(3)};
    variable_list result =
        gradients(static_cast<TiledLoss&>(*loss), {saved[0], saved[1], saved[2], saved[3]},
                  context->saved_data["edge"].toInt(), wanted, outputs[0]);
    result.resize(6);  // none by the loss and the edge
    return result;
  }
};

Tensor one_number(std::string_view objective, std::string_view name, const Tensor& x,
                  torch::ScalarType type) {
  if (x.numel() == 1) return x.reshape({}).to(type);
  throw Error({.what = fmt::format("the {} has {} values, but must be one number", name, x.numel()),
               .where = std::string(objective)});
}

}  // namespace

Logits checked_logits(std::string_view objective, const Tensor& a, const Tensor& b,
                      const Tensor& scale, const Tensor& bias) {
  check_same_matrix(objective, a, b);
  if (a.size(0) == 0)
    throw Error({.what = "a contrast needs at least one row, and there are none",
                 .where = std::string(objective)});
  const auto type =
      at::promoteTypes(at::promoteTypes(a.scalar_type(), b.scalar_type()), torch::kFloat32);
  return {a.to(type), b.to(type), one_number(objective, "scale", scale, type),
          one_number(objective, "bias", bias, type)};
}

Tensor tiled(c10::intrusive_ptr<TiledLoss> loss, const Logits& logits, int64_t edge) {
  if (edge < 1) throw Error({.what = fmt::format("a tile of edge {}", edge), .where = "edge"});
  return TiledFunction::apply(logits.a, logits.b, logits.scale, logits.bias, std::move(loss), edge);
}

}  // namespace relata::objectives
