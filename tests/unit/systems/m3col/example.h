// The small model, batch and draws that M3CoL's golden values G8 to G12 are
// made of, and the total loss of a batch with given draws.
#pragma once

#include "relata/systems/m3col/mixing.h"
#include "relata/systems/m3col/system.h"
#include "support/tensors.h"

namespace relata::systems::m3col {

using torch::Tensor;

inline const std::vector<std::string> kRoles{"m1", "m2", "m3"};

/// A configuration of width 8 with the contrastive term on.
inline Config small_config(Preset preset = Preset::kOfficial) {
  Config config = preset_config(preset);
  config.model = {.embedding = 8, .hidden = 8};
  config.contrast.enabled = Switch::kOn;
  return config;
}

/// Three classes, three roles of `width` features that are left as they are.
inline train::State small_state(int64_t width = 6) {
  train::State state;
  state.facts = {{"roles", kRoles}, {"label", {"y"}}, {"classes", {"a", "b", "c"}}};
  for (const std::string& role : kRoles) {
    state.tensors[role + ".offset"] = torch::zeros({width}, torch::kFloat64);
    state.tensors[role + ".scale"] = torch::ones({width}, torch::kFloat64);
  }
  return state;
}

/// The k-th parameter tensor is 0.3·sin(0.37t + 0.11k + 0.05), t its flat index.
inline void set_parameters_by_formula(torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  double k = 0;
  for (Tensor& p : module.parameters()) {
    const Tensor t = torch::arange(p.numel(), torch::kFloat64);
    p.copy_((0.3 * torch::sin(0.37 * t + 0.11 * k + 0.05)).view_as(p));
    k += 1;
  }
}

/// A double-precision system whose parameters are set by the formula.
inline std::unique_ptr<M3col> small_system(const Config& config = small_config()) {
  auto system = std::make_unique<M3col>(config);
  system->build(small_state());
  system->module().to(torch::kFloat64);
  set_parameters_by_formula(system->module());
  return system;
}

/// Makes the rows' share of a batch agree with its roles.
inline void finish_batch(data::Batch& batch, const Tensor& labels) {
  const int64_t rows = labels.size(0);
  batch.item_row = torch::arange(rows);
  batch.rows.labels["label"] = labels;
  for (int64_t i = 0; i < rows; ++i) {
    batch.rows.numbers.push_back(i);
    batch.rows.ids.push_back(std::to_string(i));
    batch.rows.groups.push_back(std::to_string(i));
  }
  for (auto& [name, role] : batch.roles) batch.rows.present[name] = role.present;
}

/// X_m[i, j] = sin(0.7i + 0.31j + m), y = (0, 2, 1, 1, 0)
inline data::Batch small_batch() {
  data::Batch batch;
  for (int m = 0; m < 3; ++m) {
    batch.roles[kRoles[static_cast<size_t>(m)]] = {
        .values = test::matrix(
            5, 6, [m](double i, double j) { return std::sin(0.7 * i + 0.31 * j + m); }),
        .present = torch::ones({5}, torch::kBool)};
  }
  finish_batch(batch, test::integers({0, 2, 1, 1, 0}));
  return batch;
}

/// perm, b and sel of G11.
inline train::Draws small_draws() {
  train::Draws draws;
  put_mixing(draws, "m1", {test::integers({2, 0, 4, 1, 3}), test::doubles({.9, 1, .3, .6, 1})});
  put_mixing(draws, "m2", {test::integers({1, 2, 3, 4, 0}), test::doubles({1, .8, .7, 1, .05})});
  put_mixing(draws, "m3", {test::integers({4, 3, 0, 2, 1}), test::doubles({.25, .75, 1, 1, .35})});
  return draws;
}

inline constexpr train::Progress kMixupPhase{.epoch = 0, .epochs = 500};
inline constexpr train::Progress kSoftPhase{.epoch = 499, .epochs = 500};

inline train::LossParts loss_parts(train::System& system, const data::Batch& batch,
                                   const train::Draws& draws, const train::Progress& progress) {
  const train::Forward out = system.forward(batch, draws, progress);
  train::LossParts parts = out.parts;
  if (system.has_objective(progress)) {
    parts.append(system.objective(out.encoded, batch.rows, draws, progress));
  }
  return parts;
}

inline Tensor total_loss(train::System& system, const data::Batch& batch, const train::Draws& draws,
                         const train::Progress& progress) {
  return loss_parts(system, batch, draws, progress).total();
}

/// weight · sum / count of one part.
inline double part_value(const train::LossParts& parts, const std::string& name) {
  for (const train::LossPart& part : parts.items()) {
    if (part.name == name) return part.weight * part.sum.item<double>() / part.count;
  }
  return NAN;
}

/// Gradients of a loss by parameter name; zeros where none arrives.
inline std::map<std::string, Tensor> gradients(train::System& system, const Tensor& loss) {
  system.module().zero_grad();
  loss.backward();
  std::map<std::string, Tensor> named;
  for (const auto& p : system.module().named_parameters()) {
    const Tensor& gradient = p.value().grad();
    named[p.key()] = gradient.defined() ? gradient.clone() : torch::zeros_like(p.value());
  }
  return named;
}

/// The norm over all parameters together.
inline double norm(const std::map<std::string, Tensor>& named) {
  double sum = 0;
  for (const auto& [name, gradient] : named) sum += gradient.pow(2).sum().item<double>();
  return std::sqrt(sum);
}

/// The largest difference between two sets of gradients.
inline double distance(const std::map<std::string, Tensor>& a,
                       const std::map<std::string, Tensor>& b) {
  double largest = 0;
  for (const auto& [name, gradient] : a) {
    largest = std::max(largest, test::distance(gradient, b.at(name)));
  }
  return largest;
}

}  // namespace relata::systems::m3col
