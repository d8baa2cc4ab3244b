#include "relata/models/logistic_regression.h"

#include <torch/optim/lbfgs.h>

#include "relata/base/error.h"

namespace relata::models {
namespace {

using torch::Tensor;

/// Mean loss and its derivative by the logits z [rows, columns].
struct Loss {
  double value;
  Tensor gradient;
};

/// Two classes, one logit: log(1 + e^z) − y z.
Loss binary_loss(const Tensor& z, const Tensor& labels) {
  const Tensor y = labels.to(torch::kFloat64).unsqueeze(1);
  const auto n = static_cast<double>(z.size(0));
  return {(torch::softplus(z) - y * z).sum().item<double>() / n, (torch::sigmoid(z) - y) / n};
}

/// Softmax cross-entropy.
Loss softmax_loss(const Tensor& z, const Tensor& labels) {
  const auto n = static_cast<double>(z.size(0));
  const Tensor log_p = torch::log_softmax(z, 1);
  const Tensor y = torch::zeros_like(z).scatter_(1, labels.unsqueeze(1), 1.0);
  return {-(log_p * y).sum().item<double>() / n, (log_p.exp() - y) / n};
}

}  // namespace

Tensor LogisticRegression::logits(const Tensor& x) const {
  const Tensor z = x.mm(weight) + intercept;
  return z.size(1) == 1 ? torch::cat({torch::zeros_like(z), z}, 1) : z;
}

LogisticRegression fit_logistic(const Tensor& x, const Tensor& labels,
                                const LogisticOptions& options, const LogisticRegression* start) {
  if (labels.numel() == 0 || labels.min().equal(labels.max())) {
    throw Error({.what = "logistic regression needs rows of at least two classes"});
  }
  const torch::NoGradGuard no_grad;
  const int64_t columns = options.classes == 2 ? 1 : options.classes;
  LogisticRegression model{
      .weight = start != nullptr ? start->weight.clone()
                                 : torch::zeros({x.size(1), columns}, torch::kFloat64),
      .intercept =
          start != nullptr ? start->intercept.clone() : torch::zeros({columns}, torch::kFloat64)};
  // The objective divided by C n: mean loss + λ/2 ‖W‖², which keeps one gradient tolerance
  // meaningful for all C.
  const double lambda = 1.0 / (options.c * static_cast<double>(x.size(0)));
  torch::optim::LBFGS solver({model.weight, model.intercept}, torch::optim::LBFGSOptions()
                                                                  .max_iter(2000)
                                                                  .max_eval(4000)
                                                                  .tolerance_grad(options.tolerance)
                                                                  .tolerance_change(1e-14)
                                                                  .history_size(20)
                                                                  .line_search_fn("strong_wolfe"));
  const Tensor x_t = x.t().contiguous();
  solver.step([&]() -> Tensor {
    const Tensor z = x.mm(model.weight) + model.intercept;
    const Loss loss = columns == 1 ? binary_loss(z, labels) : softmax_loss(z, labels);
    model.weight.mutable_grad() = x_t.mm(loss.gradient) + lambda * model.weight;
    model.intercept.mutable_grad() = loss.gradient.sum(0);
    const double penalty = 0.5 * lambda * model.weight.square().sum().item<double>();
    return torch::tensor(loss.value + penalty, torch::kFloat64);
  });
  return model;
}

}  // namespace relata::models
