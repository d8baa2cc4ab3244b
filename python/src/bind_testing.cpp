// Parts that the parity tests compare one by one; users have no business here.
#include <pybind11/stl/filesystem.h>

#include "module.h"
#include "relata/base/error.h"
#include "relata/data/split.h"
#include "relata/data/transform.h"
#include "relata/models/logistic_regression.h"
#include "relata/nn/tensor_file.h"
#include "relata/report/tensorboard.h"
#include "relata/train/baselines.h"
#include "relata/train/optimizer.h"
#include "relata/train/recipe.h"
#include "relata/train/step.h"

namespace relata::python {
namespace {

using torch::Tensor;
using NamedTensors = std::map<std::string, Tensor>;
using Names = std::vector<std::string>;

/// A system whose draws are given from outside.
class WithDraws : public train::System {
 public:
  WithDraws(train::System& system, train::Draws draws)
      : system_(system), draws_(std::move(draws)) {}

  std::string name() const override { return system_.name(); }
  train::State fit(const data::View& view) override { return system_.fit(view); }
  void build(const train::State& state) override { system_.build(state); }
  torch::nn::Module& module() override { return system_.module(); }
  std::vector<train::ParameterGroup> parameter_groups() override {
    return system_.parameter_groups();
  }
  data::Batch collate(std::span<const int64_t> positions, const data::View& view,
                      CounterRng rng) const override {
    return system_.collate(positions, view, rng);
  }
  train::Draws draw(const data::Rows&, const train::Progress&, torch::Generator&) override {
    return draws_;
  }
  train::Forward forward(const data::Batch& batch, const train::Draws& draws,
                         const train::Progress& progress) override {
    return system_.forward(batch, draws, progress);
  }
  bool forward_reads_other_rows(const train::Progress& progress) const override {
    return system_.forward_reads_other_rows(progress);
  }
  bool has_objective(const train::Progress& progress) const override {
    return system_.has_objective(progress);
  }
  train::LossParts objective(const train::Encoded& encoded, const data::Rows& rows,
                             const train::Draws& draws, const train::Progress& progress) override {
    return system_.objective(encoded, rows, draws, progress);
  }
  std::map<std::string, double> counts(const data::Batch& batch) const override {
    return system_.counts(batch);
  }
  train::Evaluation evaluate(const data::View& view) override { return system_.evaluate(view); }

 private:
  train::System& system_;
  train::Draws draws_;
};

/// M3CoL on tensors instead of a dataset, one training step at a time.
class M3colStep {
 public:
  M3colStep(const std::vector<std::string>& overrides,
            const std::vector<std::pair<std::string, int64_t>>& roles, int64_t classes,
            torch::Dtype dtype)
      : recipe_(train::parse_recipe("system: m3col\n", "parity test", overrides)),
        system_(recipe_.make_system()) {
    train::State state;
    state.facts["label"] = {"y"};
    for (int64_t c = 0; c < classes; ++c) state.facts["classes"].push_back(std::to_string(c));
    for (const auto& [role, width] : roles) {
      state.facts["roles"].push_back(role);
      state.tensors[role + ".offset"] = torch::zeros({width}, torch::kFloat64);
      state.tensors[role + ".scale"] = torch::ones({width}, torch::kFloat64);
    }
    roles_ = state.facts["roles"];
    system_->build(state);
    system_->module().to(dtype);
    optimizer_ =
        std::make_unique<train::Optimizer>(recipe_.train.optimizer, system_->parameter_groups());
  }

  NamedTensors parameters() {
    NamedTensors named;
    for (const auto& item : system_->module().named_parameters()) named[item.key()] = item.value();
    return named;
  }

  void load(const NamedTensors& parameters_by_name) {
    nn::assign_tensors(parameters(), parameters_by_name, "the parameters given");
  }

  /// From torch's default generator, for `rows` complete rows.
  NamedTensors draw(int64_t rows, int64_t epoch, int64_t epochs) {
    data::Rows of{.numbers = std::vector<int64_t>(static_cast<size_t>(rows))};
    for (const std::string& role : roles_) of.present[role] = torch::ones({rows}, torch::kBool);
    torch::Generator generator = at::detail::getDefaultCPUGenerator();
    return system_->draw(of, {.epoch = epoch, .epochs = epochs}, generator);
  }

  /// Gradients of one effective batch cut into micro-batches of these sizes.
  train::StepLoss step(const NamedTensors& values, const Tensor& labels,
                       const NamedTensors& present, const NamedTensors& draws, int64_t epoch,
                       int64_t epochs, const std::vector<int64_t>& micro_batches) {
    std::vector<data::Batch> batches;
    int64_t first = 0;
    for (const int64_t size : micro_batches) {
      batches.push_back(batch(values, labels, present, first, size));
      first += size;
    }
    system_->module().train();
    optimizer_->clear_gradients();
    WithDraws system(*system_, draws);
    return train::accumulate_gradient(
        system, batches, {.epoch = epoch, .epochs = epochs},
        {.accumulation = recipe_.train.accumulation, .precision = recipe_.train.precision});
  }

  NamedTensors gradients() {
    NamedTensors named;
    for (const auto& [name, parameter] : parameters()) {
      if (parameter.grad().defined()) named[name] = parameter.grad();
    }
    return named;
  }

  void set_gradients(const NamedTensors& gradients_by_name) {
    optimizer_->clear_gradients();
    for (const auto& [name, parameter] : parameters()) {
      const auto found = gradients_by_name.find(name);
      if (found != gradients_by_name.end()) parameter.mutable_grad() = found->second.clone();
    }
  }

  double clip(double limit) { return optimizer_->clip_gradients(limit); }
  void update(double factor) { optimizer_->step(factor); }

 private:
  data::Batch batch(const NamedTensors& values, const Tensor& labels, const NamedTensors& present,
                    int64_t first, int64_t size) const {
    data::Batch batch;
    batch.first_row = first;
    batch.item_row = torch::arange(size);
    for (int64_t i = 0; i < size; ++i) batch.rows.numbers.push_back(first + i);
    batch.rows.ids.resize(static_cast<size_t>(size));
    batch.rows.groups.resize(static_cast<size_t>(size));
    batch.rows.labels["label"] = labels.narrow(0, first, size);
    for (const std::string& role : roles_) {
      const auto given = present.find(role);
      const Tensor here = given == present.end() ? torch::ones({size}, torch::kBool)
                                                 : given->second.narrow(0, first, size);
      batch.roles[role] = {.values = values.at(role).narrow(0, first, size), .present = here};
      batch.rows.present[role] = here;
    }
    return batch;
  }

  train::Recipe recipe_;
  std::unique_ptr<train::System> system_;
  std::unique_ptr<train::Optimizer> optimizer_;
  std::vector<std::string> roles_;
};

py::tuple step(M3colStep& self, const NamedTensors& values, const Tensor& labels,
               const NamedTensors& present, const NamedTensors& draws, int64_t epoch,
               int64_t epochs, const std::vector<int64_t>& micro_batches) {
  train::StepLoss loss;
  {
    const py::gil_scoped_release free;
    loss = self.step(values, labels, present, draws, epoch, epochs, micro_batches);
  }
  py::dict parts;
  for (const train::PartValue& part : loss.parts)
    parts[py::str(part.name)] = py::make_tuple(part.sum, part.count, part.weight);
  return py::make_tuple(loss.total, parts);
}

std::pair<Tensor, Tensor> fit_logistic(const Tensor& x, const Tensor& labels, double c,
                                       int64_t classes) {
  auto model = models::fit_logistic(x, labels, {.c = c, .classes = classes});
  return {model.weight, model.intercept};
}

std::pair<Tensor, Tensor> fit_standard(const Tensor& values) {
  auto affine = data::fit_standard(values);
  return {affine.offset, affine.scale};
}

std::pair<Tensor, Tensor> fit_min_max(const Tensor& values, bool zero_constant) {
  auto affine = data::fit_min_max(
      values, zero_constant ? data::ConstantFeature::kZero : data::ConstantFeature::kKeep);
  return {affine.offset, affine.scale};
}

/// Of splits "train" and "test": name, chosen C, cross-validated AUC, logits and labels of the test
/// rows.
std::vector<std::tuple<std::string, double, double, Tensor, Tensor>> logistic_baselines(
    const std::filesystem::path& path, const Names& fields, const std::string& label) {
  const auto dataset = data::Dataset::open(path);
  std::vector<std::tuple<std::string, double, double, Tensor, Tensor>> rows;
  for (train::Baseline& b :
       train::logistic_baselines({.train = dataset->split("train"),
                                  .test = dataset->split("test"),
                                  .what = {.fields = fields, .label = label}})) {
    rows.emplace_back(b.name, b.c, b.cross_validated_auc, b.test.logits, b.test.labels);
  }
  return rows;
}

std::vector<int64_t> stratified_folds(const std::vector<int64_t>& labels, int64_t folds,
                                      uint64_t seed) {
  std::vector<std::string> groups;
  for (size_t i = 0; i < labels.size(); ++i) groups.push_back(std::to_string(i));
  return data::stratified_folds(labels, groups, folds, seed);
}

void write_events(const std::filesystem::path& folder,
                  const std::vector<std::tuple<std::string, int64_t, double>>& scalars) {
  constexpr double kThen = 1.7e9;
  report::EventWriter writer(folder, kThen);
  for (const auto& [tag, at, value] : scalars) {
    writer.add_scalar({.tag = tag, .step = at, .value = value, .wall_time = kThen});
  }
  writer.flush();
}

}  // namespace

void bind_testing(py::module_& module) {
  py::class_<M3colStep>(module, "M3colStep")
      .def(py::init<const std::vector<std::string>&,
                    const std::vector<std::pair<std::string, int64_t>>&, int64_t, torch::Dtype>())
      .def("parameters", &M3colStep::parameters)
      .def("load", &M3colStep::load)
      .def("draw", &M3colStep::draw)
      .def("step", step)
      .def("gradients", &M3colStep::gradients)
      .def("set_gradients", &M3colStep::set_gradients)
      .def("clip", &M3colStep::clip)
      .def("update", &M3colStep::update);
  const py::call_guard<py::gil_scoped_release> free;
  module.def("fit_logistic", fit_logistic, free);
  module.def("logistic_baselines", logistic_baselines, free);
  module.def("fit_standard", fit_standard);
  module.def("fit_min_max", fit_min_max);
  module.def("stratified_folds", stratified_folds);
  module.def("write_events", write_events);
}

}  // namespace relata::python
