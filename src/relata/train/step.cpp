#include "relata/train/step.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <torch/nn/modules/batchnorm.h>

#include "relata/base/error.h"
#include "relata/nn/autocast.h"
#include "relata/nn/batch_norm.h"

namespace relata::train {
namespace {

torch::Generator generator() { return at::detail::getDefaultCPUGenerator(); }

void add_values(std::vector<PartValue>& values, const LossParts& parts) {
  for (const LossPart& part : parts.items()) {
    add_value(values, {.name = part.name,
                       .sum = part.sum.item<double>(),
                       .count = part.count,
                       .weight = part.weight});
  }
}

double total_of(const std::vector<PartValue>& values) {
  double total = 0;
  for (const PartValue& value : values) total += value.weight * value.mean();
  return total;
}

/// Each part divided by the count of the whole effective batch.
torch::Tensor total_over(const LossParts& parts, const std::map<std::string, double>& counts) {
  torch::Tensor total;
  for (const LossPart& part : parts.items()) {
    const auto found = counts.find(part.name);
    if (found == counts.end()) {
      throw Error({.what = "the loss part '" + part.name + "' was not counted in advance",
                   .remedy = "let System::counts name every part of forward"});
    }
    const double count = found->second;
    if (count == 0) continue;
    const torch::Tensor term = part.sum * (part.weight / count);
    total = total.defined() ? total + term : term;
  }
  return total;
}

/// System::forward in the precision of training.
Forward encode(System& system, const data::Batch& batch, const Draws& draws,
               const Progress& progress, nn::Precision precision) {
  if (precision == nn::Precision::kFp32) return system.forward(batch, draws, progress);
  const nn::Autocast autocast(precision);
  Forward out = system.forward(batch, draws, progress);
  Encoded wide;
  for (const auto& [name, role] : out.encoded.items())
    wide.add(name, {nn::widened(role.global), nn::widened(role.local), role.mask, role.present});
  out.encoded = std::move(wide);
  return out;
}

void refuse_inexact(System& system, const Progress& progress) {
  const std::string remedy =
      "use one micro-batch (train.micro_batch=0), or say train.accumulation=sum or mean, which "
      "differ";
  if (system.forward_reads_other_rows(progress)) {
    throw Error(
        {.what = "the forward pass of '" + system.name() +
                 "' mixes rows, so micro-batches cannot give the gradient of the whole batch",
         .remedy = remedy});
  }
  for (const auto& item : system.module().named_modules()) {
    const auto* module = item.value().get();
    const bool batch_norm = dynamic_cast<const torch::nn::BatchNorm1dImpl*>(module) != nullptr ||
                            dynamic_cast<const torch::nn::BatchNorm2dImpl*>(module) != nullptr ||
                            dynamic_cast<const torch::nn::BatchNorm3dImpl*>(module) != nullptr ||
                            dynamic_cast<const nn::BatchNormImpl*>(module) != nullptr;
    if (batch_norm && module->is_training()) {
      throw Error(
          {.what = "'" + item.key() +
                   "' is a BatchNorm in training mode, whose statistics see one micro-batch",
           .remedy = remedy});
    }
  }
}

/// Forward and objective of rows that are all here, in one graph.
StepLoss backward_whole(System& system, const data::Batch& batch, const Progress& progress,
                        double scale, nn::Precision precision) {
  torch::Generator cpu = generator();
  const Draws draws = system.draw(batch.rows, progress, cpu);
  Forward out = encode(system, batch, draws, progress, precision);
  LossParts parts = out.parts;
  if (system.has_objective(progress))
    parts.append(system.objective(out.encoded, batch.rows, draws, progress));
  const torch::Tensor total = parts.total();
  if (total.defined() && total.requires_grad()) (total * scale).backward();
  StepLoss loss;
  add_values(loss.parts, parts);
  loss.total = total_of(loss.parts);
  return loss;
}

/// kMean and kSum: every micro-batch is a batch of its own.
StepLoss backward_separately(System& system, std::span<const data::Batch> batches,
                             const Progress& progress, const StepOptions& options) {
  StepLoss sum;
  const double scale =
      options.accumulation == Accumulation::kMean ? 1.0 / static_cast<double>(batches.size()) : 1.0;
  for (const data::Batch& batch : batches) {
    data::Batch alone = batch;
    alone.first_row = 0;
    const StepLoss loss = backward_whole(system, alone, progress, scale, options.precision);
    sum.total += scale * loss.total;
    for (const PartValue& part : loss.parts) add_value(sum.parts, part);
  }
  return sum;
}

/// No objective: one pass, with the counts known in advance.
StepLoss backward_counted(System& system, std::span<const data::Batch> batches, const Draws& draws,
                          const Progress& progress, nn::Precision precision) {
  std::map<std::string, double> counts;
  for (const data::Batch& batch : batches) {
    for (const auto& [name, count] : system.counts(batch)) counts[name] += count;
  }
  StepLoss loss;
  std::map<std::string, double> seen;
  for (const data::Batch& batch : batches) {
    const Forward out = encode(system, batch, draws, progress, precision);
    const torch::Tensor total = total_over(out.parts, counts);
    if (total.defined() && total.requires_grad()) total.backward();
    add_values(loss.parts, out.parts);
    for (const LossPart& part : out.parts.items()) seen[part.name] += part.count;
  }
  for (const auto& [name, count] : seen) {
    if (counts.at(name) != count) {
      throw Error({.what = fmt::format("system '{}' announced {} of '{}' but counted {}",
                                       system.name(), counts.at(name), name, count)});
    }
  }
  loss.total = total_of(loss.parts);
  return loss;
}

/// Copies of the module's buffers, put back when it goes out of scope.
class KeptBuffers {
 public:
  explicit KeptBuffers(torch::nn::Module& module) {
    for (const auto& item : module.named_buffers())
      kept_.emplace_back(item.value(), item.value().clone());
  }
  KeptBuffers(const KeptBuffers&) = delete;
  KeptBuffers& operator=(const KeptBuffers&) = delete;
  ~KeptBuffers() {
    const torch::NoGradGuard no_grad;
    for (auto& [buffer, copy] : kept_) buffer.copy_(copy);
  }

 private:
  std::vector<std::pair<torch::Tensor, torch::Tensor>> kept_;
};

torch::Tensor leaf(const torch::Tensor& x) {
  if (!x.defined() || !x.is_floating_point()) return x;
  return x.detach().clone().requires_grad_();
}

Encoded leaves_of(const Encoded& encoded) {
  Encoded copies;
  for (const auto& [name, role] : encoded.items()) {
    copies.add(name, {leaf(role.global), leaf(role.local), role.mask, role.present});
  }
  return copies;
}

/// Items of each name that earlier micro-batches have taken; names may differ in their items.
using FirstItems = std::vector<int64_t>;

int64_t item_count(const EncodedRole& role) {
  return role.global.defined() ? role.global.size(0) : role.local.size(0);
}

/// Σ encoded · gradient of the leaf, for this micro-batch's items, which begin at `first`.
torch::Tensor surrogate(const Encoded& encoded, const Encoded& leaves, const FirstItems& first) {
  torch::Tensor total;
  int64_t begin = 0;
  const auto add = [&](const torch::Tensor& part, const torch::Tensor& whole) {
    if (!part.defined() || !whole.grad().defined() || !part.requires_grad()) return;
    torch::Tensor gradient = whole.grad().narrow(0, begin, part.size(0));
    if (part.dim() > 2) gradient = gradient.narrow(1, 0, part.size(1));
    const torch::Tensor term = (part * gradient).sum();
    total = total.defined() ? total + term : term;
  };
  for (size_t i = 0; i < encoded.items().size(); ++i) {
    begin = first[i];
    add(encoded.items()[i].second.global, leaves.items()[i].second.global);
    add(encoded.items()[i].second.local, leaves.items()[i].second.local);
  }
  return total;
}

/// With an objective: encode without a graph, differentiate the objective, encode again with one.
StepLoss backward_twice(System& system, std::span<const data::Batch> batches,
                        const data::Rows& rows, const Draws& draws, const Progress& progress,
                        nn::Precision precision) {
  torch::Generator cpu = generator();
  std::vector<torch::Tensor> generator_states;
  std::vector<Encoded> encoded;
  StepLoss loss;
  {
    const torch::NoGradGuard no_grad;
    const KeptBuffers buffers(system.module());
    for (const data::Batch& batch : batches) {
      generator_states.push_back(cpu.get_state());
      Forward out = encode(system, batch, draws, progress, precision);
      add_values(loss.parts, out.parts);
      encoded.push_back(std::move(out.encoded));
    }
  }
  std::map<std::string, double> counts;
  for (const PartValue& part : loss.parts) counts[part.name] = part.count;

  const Encoded leaves = leaves_of(concatenate(encoded));
  const LossParts objective = system.objective(leaves, rows, draws, progress);
  const torch::Tensor objective_total = objective.total();
  if (objective_total.defined() && objective_total.requires_grad()) objective_total.backward();
  add_values(loss.parts, objective);
  const torch::Tensor after_objective = cpu.get_state();

  FirstItems first(leaves.items().size(), 0);
  for (size_t i = 0; i < batches.size(); ++i) {
    cpu.set_state(generator_states[i]);
    const Forward out = encode(system, batches[i], draws, progress, precision);
    torch::Tensor total = total_over(out.parts, counts);
    const torch::Tensor through_objective = surrogate(out.encoded, leaves, first);
    if (through_objective.defined())
      total = total.defined() ? total + through_objective : through_objective;
    if (total.defined() && total.requires_grad()) total.backward();
    for (size_t k = 0; k < first.size(); ++k) first[k] += item_count(out.encoded.items()[k].second);
  }
  cpu.set_state(after_objective);
  loss.total = total_of(loss.parts);
  return loss;
}

}  // namespace

StepLoss accumulate_gradient(System& system, std::span<const data::Batch> batches,
                             const Progress& progress, const StepOptions& options) {
  const nn::Precision precision = options.precision;
  if (options.accumulation != Accumulation::kExact)
    return backward_separately(system, batches, progress, options);
  if (batches.size() == 1) return backward_whole(system, batches.front(), progress, 1.0, precision);
  refuse_inexact(system, progress);
  torch::Generator cpu = generator();
  const data::Rows rows = data::concatenate(batches);
  const Draws draws = system.draw(rows, progress, cpu);
  if (!system.has_objective(progress))
    return backward_counted(system, batches, draws, progress, precision);
  return backward_twice(system, batches, rows, draws, progress, precision);
}

}  // namespace relata::train
