#include "relata/train/optimizer.h"

#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <torch/nn/utils/clip_grad.h>

#include <set>

#include "relata/base/error.h"

namespace relata::train {

/// The slots of a group that have a gradient, as the fused kernels want them.
struct Optimizer::Active {
  std::vector<torch::Tensor> parameters, gradients, first, second, steps;
};

Optimizer::Optimizer(const OptimizerConfig& config, std::vector<ParameterGroup> groups)
    : config_(config) {
  std::set<const void*> seen;
  for (ParameterGroup& group : groups) {
    Group own{.lr_scale = group.lr_scale,
              .weight_decay = group.decay ? config.weight_decay : 0,
              .slots = {}};
    for (auto& [name, parameter] : group.parameters) {
      if (!seen.insert(parameter.unsafeGetTensorImpl()).second) {
        throw Error({.what = "the parameter '" + name + "' stands in two groups"});
      }
      if (!parameter.requires_grad()) continue;
      Slot slot{.name = name, .parameter = parameter, .first = {}, .second = {}, .steps = {}};
      const bool sgd = config.kind == OptimizerConfig::Kind::kSgd;
      if (!sgd || config.momentum > 0) slot.first = torch::zeros_like(parameter);
      if (!sgd) slot.second = torch::zeros_like(parameter);
      slot.steps = torch::zeros({}, torch::kFloat32);
      own.slots.push_back(std::move(slot));
    }
    groups_.push_back(std::move(own));
  }
}

void Optimizer::clear_gradients() {
  for (Group& group : groups_) {
    for (Slot& slot : group.slots) slot.parameter.mutable_grad().reset();
  }
}

double Optimizer::clip_gradients(double limit) {
  std::vector<torch::Tensor> parameters;
  for (const Group& group : groups_) {
    for (const Slot& slot : group.slots) parameters.push_back(slot.parameter);
  }
  return torch::nn::utils::clip_grad_norm_(parameters, limit);
}

Optimizer::Active Optimizer::active(const Group& group) const {
  Active lists;
  for (const Slot& slot : group.slots) {
    if (!slot.parameter.grad().defined()) continue;
    lists.parameters.push_back(slot.parameter);
    lists.gradients.push_back(slot.parameter.grad());
    if (slot.first.defined()) lists.first.push_back(slot.first);
    if (slot.second.defined()) lists.second.push_back(slot.second);
    lists.steps.push_back(slot.steps);
  }
  return lists;
}

void Optimizer::step(double factor) {
  const torch::NoGradGuard no_grad;
  using Kind = OptimizerConfig::Kind;
  const OptimizerConfig& c = config_;
  for (const Group& group : groups_) {
    const Active a = active(group);
    if (a.parameters.empty()) continue;
    const double lr = c.lr * group.lr_scale * factor;
    for (const torch::Tensor& steps : a.steps) steps.add_(1);
    switch (c.kind) {
      case Kind::kAdam:
        at::_fused_adam_(a.parameters, a.gradients, a.first, a.second, {}, a.steps, lr, c.beta1,
                         c.beta2, group.weight_decay, c.epsilon, /*amsgrad=*/false,
                         /*maximize=*/false);
        break;
      case Kind::kAdamW:
        at::_fused_adamw_(a.parameters, a.gradients, a.first, a.second, {}, a.steps, lr, c.beta1,
                          c.beta2, group.weight_decay, c.epsilon, /*amsgrad=*/false,
                          /*maximize=*/false);
        break;
      case Kind::kSgd:
        // Momentum begins at zero, so that no step of any parameter is special. Without momentum
        // there are no buffers, which the kernel would refuse.
        at::_fused_sgd_(a.parameters, a.gradients, a.first, group.weight_decay, c.momentum, lr,
                        /*dampening=*/0, /*nesterov=*/false,
                        /*maximize=*/false, /*is_first_step=*/false);
        break;
    }
  }
}

std::map<std::string, torch::Tensor> Optimizer::state() const {
  std::map<std::string, torch::Tensor> named;
  for (const Group& group : groups_) {
    for (const Slot& slot : group.slots) {
      if (slot.first.defined()) named["first/" + slot.name] = slot.first;
      if (slot.second.defined()) named["second/" + slot.name] = slot.second;
      named["steps/" + slot.name] = slot.steps;
    }
  }
  return named;
}

}  // namespace relata::train
