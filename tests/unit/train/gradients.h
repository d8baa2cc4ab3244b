// Micro-batches of a synthetic system, and the gradient that a step leaves in its parameters.
#pragma once

#include "relata/train/step.h"
#include "support/scratch.h"
#include "support/synthetic_systems.h"
#include "support/tensors.h"

namespace relata::train {

using Gradients = std::map<std::string, torch::Tensor>;

/// Built with seed 0, in double precision, in training mode.
template <class S>
void prepare(S& system, const data::View& view) {
  torch::manual_seed(0);
  system.build(system.fit(view));
  system.module().to(torch::kFloat64);
  system.module().train();
}

/// The first `rows` rows of a view in micro-batches of `micro`; the last may be smaller.
inline std::vector<data::Batch> micro_batches(const System& system, const data::View& view,
                                              int64_t rows, int64_t micro) {
  std::vector<data::Batch> batches;
  for (int64_t begin = 0; begin < rows; begin += micro) {
    std::vector<int64_t> positions;
    for (int64_t i = begin; i < std::min(begin + micro, rows); ++i) positions.push_back(i);
    batches.push_back(system.collate(positions, view, CounterRng(0)));
    batches.back().first_row = begin;
  }
  return batches;
}

inline Gradients gradients_of(System& system) {
  Gradients named;
  for (const auto& p : system.module().named_parameters()) {
    const torch::Tensor& gradient = p.value().grad();
    named[p.key()] = gradient.defined() ? gradient.clone() : torch::zeros_like(p.value());
  }
  return named;
}

struct StepResult {
  StepLoss loss;
  Gradients gradients;
  torch::Tensor next;  ///< what the generator gives afterwards
};

/// accumulate_gradient from cleared gradients, with torch's generator seeded.
inline StepResult step(System& system, const std::vector<data::Batch>& batches,
                       const StepOptions& options = {}) {
  system.module().zero_grad();
  torch::manual_seed(5);
  StepResult result;
  result.loss = accumulate_gradient(system, batches, {}, options);
  result.gradients = gradients_of(system);
  result.next = torch::rand({3});
  return result;
}

/// The largest difference.
inline double distance(const Gradients& a, const Gradients& b) {
  double largest = 0;
  for (const auto& [name, gradient] : a) {
    largest = std::max(largest, test::distance(gradient, b.at(name)));
  }
  return largest;
}

inline double largest(const Gradients& a) {
  double value = 0;
  for (const auto& [name, gradient] : a) {
    value = std::max(value, gradient.abs().max().item<double>());
  }
  return value;
}

inline double mean_of(const StepLoss& loss, const std::string& part) {
  for (const PartValue& value : loss.parts) {
    if (value.name == part) return value.mean();
  }
  return NAN;
}

}  // namespace relata::train
