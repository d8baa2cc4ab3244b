// The fused optimisers against their published formulas written out by hand, in double.
#include "relata/train/optimizer.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "relata/base/error.h"
#include "support/tensors.h"

namespace relata::train {
namespace {

using torch::Tensor;
using Kind = OptimizerConfig::Kind;

/// The gradient at a step: something that changes.
Tensor slope(const Tensor& p, int64_t step) {
  return torch::cos(p.detach() * 3 + static_cast<double>(step)) * 0.7;
}

Tensor parameter(double first = 0.1) {
  return (torch::arange(5, torch::kFloat64) * 0.3 + first).requires_grad_();
}

ParameterGroup group(const std::string& name, const Tensor& p, double lr_scale = 1,
                     bool decay = true) {
  return {.name = name, .parameters = {{name, p}}, .lr_scale = lr_scale, .decay = decay};
}

/// `steps` updates by the formulas of Kingma & Ba 2015, Loshchilov & Hutter 2019, and momentum SGD.
Tensor by_hand(const OptimizerConfig& c, Tensor p, int64_t steps, double weight_decay) {
  p = p.detach().clone();
  Tensor m = torch::zeros_like(p), v = torch::zeros_like(p);
  for (int64_t t = 1; t <= steps; ++t) {
    Tensor g = slope(p, t);
    if (c.kind == Kind::kAdamW) {
      p = p * (1 - c.lr * weight_decay);
    } else {
      g = g + weight_decay * p;
    }
    if (c.kind == Kind::kSgd) {
      m = c.momentum * m + g;
      p = p - c.lr * m;
      continue;
    }
    m = c.beta1 * m + (1 - c.beta1) * g;
    v = c.beta2 * v + (1 - c.beta2) * g * g;
    const Tensor m_hat = m / (1 - std::pow(c.beta1, static_cast<double>(t)));
    const Tensor v_hat = v / (1 - std::pow(c.beta2, static_cast<double>(t)));
    p = p - c.lr * m_hat / (v_hat.sqrt() + c.epsilon);
  }
  return p;
}

void run(Optimizer& optimizer, const std::vector<Tensor>& parameters, int64_t steps) {
  for (int64_t t = 1; t <= steps; ++t) {
    optimizer.clear_gradients();
    for (const Tensor& p : parameters) p.mutable_grad() = slope(p, t);
    optimizer.step(1);
  }
}

TEST(Optimizer, EqualsTheFormulasOverTenSteps) {
  const std::vector<OptimizerConfig> configs{
      {.kind = Kind::kAdam, .lr = 0.01, .weight_decay = 0},
      {.kind = Kind::kAdam, .lr = 0.01, .weight_decay = 0.1, .beta1 = 0.8, .beta2 = 0.95},
      {.kind = Kind::kAdam, .lr = 0.01, .epsilon = 0.1},
      {.kind = Kind::kAdamW, .lr = 0.01, .weight_decay = 0.1},
      {.kind = Kind::kSgd, .lr = 0.05, .weight_decay = 0.1},
      {.kind = Kind::kSgd, .lr = 0.05, .weight_decay = 0.1, .momentum = 0.9}};
  for (const OptimizerConfig& config : configs) {
    const Tensor p = parameter();
    const Tensor expected = by_hand(config, p, 10, config.weight_decay);
    Optimizer optimizer(config, {group("p", p)});
    run(optimizer, {p}, 10);
    EXPECT_LT(test::distance(p, expected), 1e-12) << static_cast<int>(config.kind);
  }
}

TEST(Optimizer, GroupsHaveTheirOwnRateAndDecay) {
  for (const Kind kind : {Kind::kAdam, Kind::kAdamW, Kind::kSgd}) {
    const OptimizerConfig config{.kind = kind, .lr = 0.01, .weight_decay = 0.2, .momentum = 0.5};
    const Tensor a = parameter(), b = parameter(0.5);
    OptimizerConfig faster = config;
    faster.lr *= 3;
    const Tensor expected_a = by_hand(config, a, 10, 0);
    const Tensor expected_b = by_hand(faster, b, 10, 0.2);
    Optimizer optimizer(config, {group("a", a, 1, false), group("b", b, 3, true)});
    run(optimizer, {a, b}, 10);
    EXPECT_LT(test::distance(a, expected_a), 1e-12);
    EXPECT_LT(test::distance(b, expected_b), 1e-12);
  }
}

TEST(Optimizer, TheFactorScalesTheRate) {
  const Tensor p = parameter();
  Optimizer optimizer({.kind = Kind::kSgd, .lr = 0.5}, {group("p", p)});
  const Tensor expected = p.detach() - 0.05 * torch::ones({5}, torch::kFloat64);
  p.mutable_grad() = torch::ones({5}, torch::kFloat64);
  optimizer.step(0.1);
  EXPECT_LT(test::distance(p, expected), 1e-12);
}

TEST(Optimizer, AParameterWithoutAGradientKeepsItsValueAndLosesNoMomentum) {
  const OptimizerConfig config{.kind = Kind::kSgd, .lr = 0.05, .momentum = 0.9};
  const Tensor late = parameter(), p = parameter(0.5);
  const Tensor before = late.detach().clone(), expected = by_hand(config, p, 4, 0);
  Optimizer optimizer(config, {{.name = "g", .parameters = {{"late", late}, {"p", p}}}});
  run(optimizer, {p}, 2);
  EXPECT_TRUE(late.equal(before));
  for (int64_t t = 3; t <= 4; ++t) {
    optimizer.clear_gradients();
    p.mutable_grad() = slope(p, t);
    late.mutable_grad() = torch::zeros_like(late);
    optimizer.step(1);
  }
  EXPECT_LT(test::distance(p, expected), 1e-12);
}

TEST(Optimizer, ADuplicateParameterIsRefused) {
  const Tensor p = parameter();
  EXPECT_THAT(
      [&] { Optimizer({}, {group("a", p), group("b", p)}); },
      testing::ThrowsMessage<Error>(testing::HasSubstr("the parameter 'b' stands in two groups")));
}

TEST(Optimizer, FrozenParametersAreLeftOut) {
  const Tensor p = parameter().detach();
  const Optimizer optimizer({}, {group("p", p)});
  EXPECT_TRUE(optimizer.state().empty());
}

TEST(Optimizer, ClippingBoundsTheJointNorm) {
  const Tensor a = parameter(), b = parameter();
  Optimizer optimizer({}, {group("a", a), group("b", b)});
  a.mutable_grad() = torch::tensor({3., 0., 0., 0., 0.}, torch::kFloat64);
  b.mutable_grad() = torch::tensor({0., 4., 0., 0., 0.}, torch::kFloat64);
  EXPECT_NEAR(optimizer.clip_gradients(10), 5, 1e-12);
  EXPECT_NEAR(a.grad()[0].item<double>(), 3, 1e-12) << "nothing to clip";
  EXPECT_NEAR(optimizer.clip_gradients(1), 5, 1e-12);
  EXPECT_NEAR(a.grad()[0].item<double>(), 0.6, 1e-6);
  EXPECT_NEAR(b.grad()[1].item<double>(), 0.8, 1e-6);
}

TEST(Optimizer, StateThatIsCopiedGoesOnAsIfNothingHadHappened) {
  for (const Kind kind : {Kind::kAdam, Kind::kAdamW, Kind::kSgd}) {
    const OptimizerConfig config{.kind = kind, .lr = 0.01, .momentum = 0.9};
    const Tensor a = parameter(), b = parameter();
    Optimizer first(config, {group("p", a)});
    run(first, {a}, 3);
    const Optimizer second(config, {group("p", b)});
    const auto from = first.state(), to = second.state();
    ASSERT_EQ(from.size(), to.size());
    const torch::NoGradGuard no_grad;
    for (const auto& [name, tensor] : to) Tensor(tensor).copy_(from.at(name));
    Tensor(b).copy_(a);
    Optimizer resumed = second;
    for (auto [optimizer, p] : {std::pair(&first, a), std::pair(&resumed, b)}) {
      p.mutable_grad() = slope(p, 9);
      optimizer->step(1);
    }
    EXPECT_TRUE(a.equal(b));
  }
}

}  // namespace
}  // namespace relata::train
