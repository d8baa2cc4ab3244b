#include "relata/train/trainer.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "relata/base/error.h"
#include "relata/base/progress_bar.h"
#include "relata/data/loader.h"
#include "relata/data/shuffle.h"
#include "relata/train/checkpoint.h"
#include "relata/train/optimizer.h"
#include "relata/train/position.h"

namespace relata::train {
namespace {

using Clock = std::chrono::steady_clock;

class Loop {
 public:
  Loop(System& system, const State& state, const TrainConfig& config, const TrainData& data,
       RunFolder& run, uint64_t seed)
      : system_(system),
        state_(state),
        config_(config),
        data_(data),
        run_(run),
        seed_(seed),
        optimizer_(config.optimizer, system.parameter_groups()),
        batches_(data.train.size(), sampler(config, seed)),
        weights_(nn::tensors_of(system.module())),
        last_saved_(Clock::now()) {}

  TrainResult run() {
    if (std::filesystem::exists(run_.checkpoint())) {
      restore();
    } else {
      run_.restore(0);  // lines of a run that died before its first checkpoint
    }
    system_.module().train();
    ProgressBar bar("train", "epochs", last_epoch());
    // One loader over all epochs: the first batch of an epoch is made beside the last step of the
    // one before it.
    const int64_t done = position_.epoch * batches_.per_epoch() + position_.batch;
    const int64_t left = std::max<int64_t>(0, last_epoch() * batches_.per_epoch() - done);
    data::Loader loader(left, [this, done](int64_t i) { return prepare(done + i); },
                        {.threads = config_.loader_threads});
    while (position_.epoch < last_epoch() && !stopped_early()) {
      bar.update(position_.epoch, note_);
      run_epoch(loader);
    }
    bar.update(position_.epoch, note_);
    return finish();
  }

 private:
  int64_t last_epoch() const {
    return config_.stop_after == 0 ? config_.epochs : std::min(config_.stop_after, config_.epochs);
  }

  bool stopped_early() const {
    return selects() && config_.select.patience > 0 &&
           position_.without_improvement >= config_.select.patience;
  }

  bool selects() const { return config_.select.rule == Selection::kBestValidation; }

  Progress progress() const {
    return {.epoch = position_.epoch, .epochs = config_.epochs, .step = position_.step};
  }

  static data::SamplerOptions sampler(const TrainConfig& config, uint64_t seed) {
    using Options = data::SamplerOptions;
    return {.batch = config.batch,
            .order = config.shuffle ? Options::Order::kShuffled : Options::Order::kFile,
            .last = config.drop_last ? Options::Last::kDrop : Options::Last::kKeep,
            .seed = seed};
  }

  /// The micro-batches of an effective batch, counted from the first of epoch 0. Runs on loader
  /// threads, ahead of position_.
  data::Loader::Prepared prepare(int64_t step) {
    const int64_t epoch = step / batches_.per_epoch(), number = step % batches_.per_epoch();
    const std::vector<int64_t> rows = batches_.rows(epoch, number);
    const auto size = static_cast<int64_t>(rows.size());
    const int64_t micro = config_.micro_batch == 0 ? size : config_.micro_batch;
    data::Loader::Prepared batches;
    for (int64_t begin = 0; begin < size; begin += micro) {
      const auto part = std::span(rows).subspan(static_cast<size_t>(begin),
                                                static_cast<size_t>(std::min(micro, size - begin)));
      const int64_t whole = config_.batch == 0 ? size : config_.batch;  // the last may be smaller
      const auto key = static_cast<uint64_t>(number * whole + begin);   // position in the epoch
      batches.push_back(
          system_.collate(part, data_.train,
                          CounterRng(seed_, data::kItemStream, static_cast<uint64_t>(epoch), key)));
      batches.back().first_row = begin;
    }
    return batches;
  }

  void run_epoch(data::Loader& loader) {
    while (position_.batch < batches_.per_epoch()) {
      step(loader.next());
      ++position_.batch;
      ++position_.step;
      if (pending_signal() != 0) {
        save();
        throw Interrupted{take_signal()};
      }
      if (position_.batch < batches_.per_epoch() && due_by_time()) save();
    }
    end_epoch();
  }

  void step(const data::Loader::Prepared& batches) {
    optimizer_.clear_gradients();
    const StepLoss loss =
        accumulate_gradient(system_, batches, progress(),
                            {.accumulation = config_.accumulation, .precision = config_.precision});
    if (!std::isfinite(loss.total)) {
      throw Error({.what = fmt::format("the loss became {} at epoch {}, step {}", loss.total,
                                       position_.epoch, position_.step),
                   .remedy = "lower train.optimizer.lr, or set train.clip_norm",
                   .kind = Error::Kind::kMachine});
    }
    if (config_.clip_norm > 0) optimizer_.clip_gradients(config_.clip_norm);
    optimizer_.step(schedule_factor(config_.schedule, progress(), batches_.per_epoch()));
    position_.total += loss.total;
    for (const PartValue& part : loss.parts) add_value(position_.sums, part);
  }

  void end_epoch() {
    const double loss = position_.total / static_cast<double>(batches_.per_epoch());
    Record record{.kind = Record::Kind::kTrain,
                  .epoch = position_.epoch,
                  .step = position_.step,
                  .split = "",
                  .metrics = {{"loss", loss}}};
    for (const PartValue& part : position_.sums) record.metrics.push_back({part.name, part.mean()});
    record.metrics.push_back(
        {"lr", config_.optimizer.lr * schedule_factor(config_.schedule, progress_of_last_step(),
                                                      batches_.per_epoch())});
    run_.append(record);
    last_loss_ = {.total = loss, .parts = position_.sums};
    note_ = fmt::format("loss {:.4g}", loss);

    const bool last = position_.epoch + 1 == last_epoch();
    const int64_t every = config_.evaluate.every;
    if (last || (every > 0 && position_.epoch % every == 0)) evaluate();
    ++position_.epoch;
    position_.batch = 0;
    position_.total = 0;
    position_.sums.clear();
    const int64_t each = config_.checkpoint.every_epochs;
    if (last || stopped_early() || due_by_time() || (each > 0 && position_.epoch % each == 0))
      save();
  }

  Progress progress_of_last_step() const {
    Progress p = progress();
    --p.step;
    return p;
  }

  void evaluate() {
    for (const auto& [name, view] : data_.evaluated) {
      const Evaluation evaluation = system_.evaluate(view);
      system_.module().train();
      run_.append({.kind = Record::Kind::kEvaluation,
                   .epoch = position_.epoch,
                   .step = position_.step,
                   .split = name,
                   .metrics = evaluation.metrics});
      if (selects() && name == data_.validation) consider(evaluation);
    }
  }

  void consider(const Evaluation& evaluation) {
    const double value = evaluation[config_.select.metric];
    check_metric(config_.select, evaluation, data_.validation);
    const bool better =
        std::isnan(position_.best) ||
        (config_.select.larger_is_better ? value > position_.best : value < position_.best);
    if (!better) {
      ++position_.without_improvement;
      return;
    }
    position_.without_improvement = 0;
    position_.best = value;
    position_.best_epoch = position_.epoch;
    for (const auto& [name, tensor] : weights_) best_[name] = tensor.detach().clone();
  }

  bool due_by_time() const {
    const double seconds = config_.checkpoint.every_seconds;
    return seconds > 0 &&
           std::chrono::duration<double>(Clock::now() - last_saved_).count() >= seconds;
  }

  void save() {
    Checkpoint checkpoint;
    for (const auto& [name, tensor] : weights_) checkpoint.tensors["model/" + name] = tensor;
    for (const auto& [name, tensor] : optimizer_.state())
      checkpoint.tensors["optimizer/" + name] = tensor;
    for (const auto& [name, tensor] : best_) checkpoint.tensors["best/" + name] = tensor;
    for (const auto& [name, tensor] : state_.tensors) checkpoint.tensors["state/" + name] = tensor;
    checkpoint.tensors["generator"] = at::detail::getDefaultCPUGenerator().get_state();
    checkpoint.facts["position"] = to_line(position_);
    checkpoint.facts["metrics_size"] = std::to_string(run_.metrics_size());
    std::filesystem::create_directories(run_.checkpoint().parent_path());
    write_checkpoint(run_.checkpoint(), checkpoint);
    last_saved_ = Clock::now();
  }

  void restore() {
    const Checkpoint checkpoint = read_checkpoint(run_.checkpoint());
    const std::string where = run_.checkpoint().string();
    nn::NamedTensors weights, optimizer, state;
    for (const auto& [name, tensor] : checkpoint.tensors) {
      if (name.starts_with("model/")) weights[name.substr(6)] = tensor;
      if (name.starts_with("optimizer/")) optimizer[name.substr(10)] = tensor;
      if (name.starts_with("best/")) best_[name.substr(5)] = tensor;
      if (name.starts_with("state/")) state[name.substr(6)] = tensor;
    }
    nn::assign_tensors(weights_, weights, where);
    nn::assign_tensors(optimizer_.state(), optimizer, where);
    for (const auto& [name, tensor] : state_.tensors) {
      if (state.contains(name) && state.at(name).equal(tensor)) continue;
      throw Error({.what = "was made from other training data ('" + name + "' differs)",
                   .where = where,
                   .remedy = "use the data of that run, or another --out"});
    }
    torch::Generator generator = at::detail::getDefaultCPUGenerator();
    generator.set_state(checkpoint.tensors.at("generator"));
    position_ = position_of_line(checkpoint.facts.at("position"), where);
    run_.restore(std::stoll(checkpoint.facts.at("metrics_size")));
    if (position_.step > 0) load_last_loss();
  }

  /// The last finished epoch's loss, for a run that was complete when it was resumed.
  void load_last_loss() {
    for (const Record& record : run_.records()) {
      if (record.kind == Record::Kind::kTrain) last_loss_.total = record.metrics.front().value;
    }
  }

  TrainResult finish() {
    TrainResult result{.epochs = position_.epoch,
                       .selected_epoch = position_.epoch - 1,
                       .best = std::numeric_limits<double>::quiet_NaN(),
                       .last_loss = last_loss_};
    if (selects() && position_.best_epoch >= 0) {
      nn::assign_tensors(weights_, best_, "the best weights");
      result.selected_epoch = position_.best_epoch;
      result.best = position_.best;
    }
    run_.metrics_size();  // flushes
    system_.module().eval();
    return result;
  }

  System& system_;
  const State& state_;
  const TrainConfig& config_;
  const TrainData& data_;
  RunFolder& run_;
  uint64_t seed_;
  Optimizer optimizer_;
  data::BatchSequence batches_;
  nn::NamedTensors weights_;  ///< parameters and buffers, sharing memory with the module
  nn::NamedTensors best_;
  Position position_;
  StepLoss last_loss_;
  Clock::time_point last_saved_;
  std::string note_;
};

}  // namespace

void check_selection(const TrainConfig& config, const TrainData& data) {
  if (config.select.rule == Selection::kBestValidation && data.validation.empty()) {
    throw Error(
        {.what = "train.select.rule=best_validation needs a validation split, and there is none",
         .remedy = "add a split named 'val', or select by cross_validated or last"});
  }
}

void check_metric(const SelectionConfig& select, const Evaluation& evaluation,
                  const std::string& rows) {
  if (!std::isnan(evaluation[select.metric])) return;
  std::vector<std::string> names;
  for (const Metric& metric : evaluation.metrics) names.push_back(metric.name);
  throw Error(
      {.what = fmt::format("the selecting metric '{}' is undefined on '{}'", select.metric, rows),
       .where = "train.select.metric",
       .remedy = fmt::format("choose one of: {}", fmt::join(names, ", "))});
}

TrainResult train(System& system, const State& state, const TrainConfig& config,
                  const TrainData& data, RunFolder& run, uint64_t seed) {
  check_selection(config, data);
  return Loop(system, state, config, data, run, seed).run();
}

}  // namespace relata::train
