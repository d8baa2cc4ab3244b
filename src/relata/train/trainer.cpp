#include "relata/train/trainer.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <limits>
#include <nlohmann/json.hpp>

#include "relata/base/error.h"
#include "relata/base/progress_bar.h"
#include "relata/data/loader.h"
#include "relata/data/shuffle.h"
#include "relata/io/json.h"
#include "relata/train/checkpoint.h"
#include "relata/train/optimizer.h"

namespace relata::train {
namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

volatile std::sig_atomic_t stop_signal = 0;

/// Where the loop stands: everything that a checkpoint must hold beside weights and optimiser.
struct Position {
  int64_t epoch = 0;  ///< the epoch under way
  int64_t batch = 0;  ///< batches of it that are done
  int64_t step = 0;
  int64_t best_epoch = -1;
  double best = std::numeric_limits<double>::quiet_NaN();
  int64_t without_improvement = 0;
  std::vector<PartValue> sums;  ///< of the epoch under way
  double total = 0;
};

json to_json(const Position& p) {
  json sums = json::array();
  for (const PartValue& part : p.sums)
    sums.push_back({part.name, part.sum, part.count, part.weight});
  return {{"epoch", p.epoch},
          {"batch", p.batch},
          {"step", p.step},
          {"best_epoch", p.best_epoch},
          {"best", std::isfinite(p.best) ? json(p.best) : json(nullptr)},
          {"without_improvement", p.without_improvement},
          {"sums", sums},
          {"total", p.total}};
}

Position position_from_json(const json& j) {
  Position p{.epoch = j.at("epoch"),
             .batch = j.at("batch"),
             .step = j.at("step"),
             .best_epoch = j.at("best_epoch")};
  if (!j.at("best").is_null()) p.best = j.at("best");
  p.without_improvement = j.at("without_improvement");
  p.total = j.at("total");
  for (const json& part : j.at("sums")) {
    p.sums.push_back(
        {.name = part.at(0), .sum = part.at(1), .count = part.at(2), .weight = part.at(3)});
  }
  return p;
}

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
        last_saved_(Clock::now()) {
    for (const auto& item : system.module().named_parameters()) weights_[item.key()] = item.value();
    for (const auto& item : system.module().named_buffers()) weights_[item.key()] = item.value();
  }

  TrainResult run() {
    if (std::filesystem::exists(run_.checkpoint())) {
      restore();
    } else {
      run_.restore(0);  // lines of a run that died before its first checkpoint
    }
    system_.module().train();
    ProgressBar bar("train", "epochs", last_epoch());
    while (position_.epoch < last_epoch() && !stopped_early()) {
      bar.update(position_.epoch, note_);
      run_epoch();
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

  /// The micro-batches of one effective batch.
  data::Loader::Prepared prepare(const std::vector<int64_t>& rows, int64_t number) const {
    const auto size = static_cast<int64_t>(rows.size());
    const int64_t micro = config_.micro_batch == 0 ? size : config_.micro_batch;
    data::Loader::Prepared batches;
    for (int64_t begin = 0; begin < size; begin += micro) {
      const auto part = std::span(rows).subspan(static_cast<size_t>(begin),
                                                static_cast<size_t>(std::min(micro, size - begin)));
      const int64_t whole = config_.batch == 0 ? size : config_.batch;  // the last may be smaller
      const auto key = static_cast<uint64_t>(number * whole + begin);   // position in the epoch
      batches.push_back(system_.collate(
          part, data_.train,
          CounterRng(seed_, data::kItemStream, static_cast<uint64_t>(position_.epoch), key)));
      batches.back().first_row = begin;
    }
    return batches;
  }

  void run_epoch() {
    const auto batches =
        data::epoch_batches(data_.train.size(), position_.epoch,
                            {.batch = config_.batch,
                             .order = config_.shuffle ? data::SamplerOptions::Order::kShuffled
                                                      : data::SamplerOptions::Order::kFile,
                             .last = config_.drop_last ? data::SamplerOptions::Last::kDrop
                                                       : data::SamplerOptions::Last::kKeep,
                             .seed = seed_});
    steps_per_epoch_ = static_cast<int64_t>(batches.size());
    const int64_t first = position_.batch;
    data::Loader loader(
        steps_per_epoch_ - first,
        [&](int64_t i) { return prepare(batches[static_cast<size_t>(first + i)], first + i); },
        {.threads = config_.loader_threads});
    while (position_.batch < steps_per_epoch_) {
      step(loader.next());
      ++position_.batch;
      ++position_.step;
      if (stop_signal != 0) {
        save();
        const int signal = stop_signal;
        stop_signal = 0;  // a later run starts afresh
        throw Interrupted{signal};
      }
      if (position_.batch < steps_per_epoch_ && due_by_time()) save();
    }
    end_epoch();
  }

  void step(const data::Loader::Prepared& batches) {
    optimizer_.clear_gradients();
    const StepLoss loss =
        accumulate_gradient(system_, batches, progress(), {.accumulation = config_.accumulation});
    if (!std::isfinite(loss.total)) {
      throw Error({.what = fmt::format("the loss became {} at epoch {}, step {}", loss.total,
                                       position_.epoch, position_.step),
                   .remedy = "lower train.optimizer.lr, or set train.clip_norm",
                   .kind = Error::Kind::kMachine});
    }
    if (config_.clip_norm > 0) optimizer_.clip_gradients(config_.clip_norm);
    optimizer_.step(schedule_factor(config_.schedule, progress(), steps_per_epoch_));
    position_.total += loss.total;
    for (const PartValue& part : loss.parts) {
      auto found = std::find_if(position_.sums.begin(), position_.sums.end(),
                                [&](const PartValue& sum) { return sum.name == part.name; });
      if (found == position_.sums.end()) {
        position_.sums.push_back(part);
      } else {
        found->sum += part.sum;
        found->count += part.count;
      }
    }
  }

  void end_epoch() {
    const double loss = position_.total / static_cast<double>(steps_per_epoch_);
    Record record{.kind = Record::Kind::kTrain,
                  .epoch = position_.epoch,
                  .step = position_.step,
                  .split = "",
                  .metrics = {{"loss", loss}}};
    for (const PartValue& part : position_.sums) record.metrics.push_back({part.name, part.mean()});
    record.metrics.push_back(
        {"lr", config_.optimizer.lr *
                   schedule_factor(config_.schedule, progress_of_last_step(), steps_per_epoch_)});
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
    if (std::isnan(value)) {
      std::vector<std::string> names;
      for (const Metric& metric : evaluation.metrics) names.push_back(metric.name);
      throw Error(
          {.what = fmt::format("the selecting metric '{}' is undefined on the validation split",
                               config_.select.metric),
           .where = "train.select.metric",
           .remedy = fmt::format("choose one of: {}", fmt::join(names, ", "))});
    }
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
    checkpoint.facts["position"] = io::to_line(to_json(position_));
    checkpoint.facts["metrics_size"] = std::to_string(run_.metrics_size());
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
    position_ = position_from_json(io::parse_json_strict(checkpoint.facts.at("position"), where));
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
  nn::NamedTensors weights_;  ///< parameters and buffers, sharing memory with the module
  nn::NamedTensors best_;
  Position position_;
  StepLoss last_loss_;
  int64_t steps_per_epoch_ = 1;
  Clock::time_point last_saved_;
  std::string note_;
};

void remember_signal(int signal) { stop_signal = signal; }

}  // namespace

int pending_signal() { return stop_signal; }

void catch_signals() {
  struct sigaction action{};
  action.sa_handler = remember_signal;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

struct CatchSignals::Handlers {
  struct sigaction interrupt{}, terminate{};
};

CatchSignals::CatchSignals() : before_(std::make_unique<Handlers>()) {
  ::sigaction(SIGINT, nullptr, &before_->interrupt);
  ::sigaction(SIGTERM, nullptr, &before_->terminate);
  stop_signal = 0;
  catch_signals();
}

CatchSignals::~CatchSignals() {
  ::sigaction(SIGINT, &before_->interrupt, nullptr);
  ::sigaction(SIGTERM, &before_->terminate, nullptr);
  stop_signal = 0;
}

void check_selection(const TrainConfig& config, const TrainData& data) {
  if (config.select.rule == Selection::kBestValidation && data.validation.empty()) {
    throw Error(
        {.what = "train.select.rule=best_validation needs a validation split, and there is none",
         .remedy = "add a split named 'val', or select by cross_validated or last"});
  }
}

TrainResult train(System& system, const State& state, const TrainConfig& config,
                  const TrainData& data, RunFolder& run, uint64_t seed) {
  check_selection(config, data);
  return Loop(system, state, config, data, run, seed).run();
}

}  // namespace relata::train
