// The loop: it learns, it stops where it should, and an interrupted run ends as if nothing had
// happened.
#include "relata/train/trainer.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <csignal>

#include "relata/base/error.h"
#include "support/scratch.h"
#include "support/synthetic_systems.h"

namespace relata::train {
namespace {

using test::ContrastSystem;
using test::CountedSystem;
using test::LinkSystem;
using Weights = std::map<std::string, torch::Tensor>;

const std::string kYaml = "system: synthetic\n";

Weights weights_of(System& system) {
  Weights weights;
  for (const auto& p : system.module().named_parameters())
    weights[p.key()] = p.value().detach().clone();
  for (const auto& b : system.module().named_buffers()) weights[b.key()] = b.value().clone();
  return weights;
}

void expect_same(const Weights& a, const Weights& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) EXPECT_TRUE(tensor.equal(b.at(name))) << name;
}

TrainConfig quick(int64_t epochs) {
  TrainConfig config{.epochs = epochs, .batch = 7};
  config.optimizer = {.kind = OptimizerConfig::Kind::kAdam, .lr = 0.02};
  config.checkpoint = {.every_epochs = 0, .every_seconds = 0};
  return config;
}

struct Trained {
  TrainResult result;
  Weights weights;
  std::vector<Record> records;
};

/// Seeds, builds and trains; resumes where the folder holds a checkpoint.
template <class S>
Trained run(S&& system, const TrainConfig& config, const TrainData& data,
            const std::filesystem::path& folder, uint64_t seed = 0) {
  const State state = system.fit(data.train);
  torch::manual_seed(seed);
  system.build(state);
  RunFolder run(folder, kYaml, Resume::kYes);
  Trained trained;
  trained.result = train(system, state, config, data, run, seed);
  trained.weights = weights_of(system);
  trained.records = run.records();
  return trained;
}

/// Raises a signal within the n-th collation of the process's life.
class SignallingSystem : public ContrastSystem {
 public:
  explicit SignallingSystem(int64_t at) : left_(at) {}
  Forward forward(const data::Batch& batch, const Draws& draws, const Progress& p) override {
    if (module().is_training() && --left_ == 0) std::raise(SIGTERM);
    return ContrastSystem::forward(batch, draws, p);
  }

 private:
  int64_t left_;
};

class Trainer : public testing::Test {
 protected:
  TrainData data() const {
    return {.train = pairs->split("train"),
            .evaluated = {{"val", pairs->split("val")}},
            .validation = "val"};
  }
  test::Scratch scratch;
  std::shared_ptr<const data::Dataset> pairs = test::open_pairs(scratch / "pairs");
  std::shared_ptr<const data::Dataset> links = test::open_links(scratch / "links");
};

double last(const Trained& trained, const std::string& name) {
  double value = NAN;
  for (const Record& record : trained.records) {
    for (const Metric& metric : record.metrics) {
      if (metric.name == name) value = metric.value;
    }
  }
  return value;
}

TEST_F(Trainer, OverfitsABatchWideObjective) {
  TrainData data{.train = pairs->split("train"), .evaluated = {{"fit", pairs->split("train")}}};
  TrainConfig config = quick(150);
  config.micro_batch = 3;
  const Trained trained = run(ContrastSystem({.dropout = 0}), config, data, scratch / "run");
  EXPECT_EQ(last(trained, "accuracy"), 1);
  EXPECT_LT(last(trained, "class"), 0.1);
}

TEST_F(Trainer, OverfitsPartsOfDifferingCounts) {
  TrainData data{.train = pairs->split("train"), .evaluated = {{"fit", pairs->split("train")}}};
  TrainConfig config = quick(150);
  config.micro_batch = 2;
  const Trained trained = run(CountedSystem(), config, data, scratch / "run");
  EXPECT_LT(last(trained, "error"), 1e-3);
}

TEST_F(Trainer, OverfitsRowsWithSeveralItems) {
  TrainData data{.train = links->split("train"), .evaluated = {{"fit", links->split("train")}}};
  TrainConfig config = quick(200);
  config.batch = 0;
  config.micro_batch = 5;
  const Trained trained = run(LinkSystem(), config, data, scratch / "run");
  EXPECT_EQ(last(trained, "accuracy"), 1);
}

TEST_F(Trainer, TheMicroBatchDoesNotChangeWhatIsLearned) {
  TrainConfig whole = quick(5), cut = quick(5);
  cut.micro_batch = 3;
  const Trained a = run(ContrastSystem({.dropout = 0}), whole, data(), scratch / "a");
  const Trained b = run(ContrastSystem({.dropout = 0}), cut, data(), scratch / "b");
  for (const auto& [name, tensor] : a.weights) {
    if (name == "passes") continue;
    EXPECT_TRUE(tensor.allclose(b.weights.at(name), 1e-3, 1e-4)) << name;
  }
}

TEST_F(Trainer, AResumedRunEndsAsIfNothingHadHappened) {
  for (const int64_t micro : {0, 3}) {
    const std::string name = "micro" + std::to_string(micro);
    TrainConfig config = quick(6);
    config.micro_batch = micro;
    config.schedule.kind = ScheduleConfig::Kind::kCosine;
    const Trained whole = run(ContrastSystem(), config, data(), scratch / (name + "whole"));
    for (const int64_t stop : {1, 3, 5}) {
      TrainConfig part = config;
      part.stop_after = stop;
      const auto folder = scratch / (name + std::to_string(stop));
      run(ContrastSystem(), part, data(), folder);
      const Trained resumed = run(ContrastSystem(), config, data(), folder);
      expect_same(resumed.weights, whole.weights);
      EXPECT_EQ(resumed.records.size(), whole.records.size());
      EXPECT_EQ(resumed.result.last_loss.total, whole.result.last_loss.total);
    }
  }
}

TEST_F(Trainer, AFinishedRunIsNotTrainedAgain) {
  const Trained first = run(ContrastSystem(), quick(3), data(), scratch / "run");
  const Trained again = run(ContrastSystem(), quick(3), data(), scratch / "run");
  expect_same(first.weights, again.weights);
  EXPECT_EQ(first.records.size(), again.records.size());
  EXPECT_EQ(again.result.epochs, 3);
  EXPECT_EQ(again.result.last_loss.total, first.result.last_loss.total);
}

TEST_F(Trainer, ASignalSavesACheckpointThatResumes) {
  TrainConfig config = quick(4);
  const Trained whole = run(ContrastSystem(), config, data(), scratch / "whole");
  for (const int64_t at : {1, 4, 6, 16}) {  // four steps an epoch: its first, last and middle ones
    const auto folder = scratch / ("at" + std::to_string(at));
    catch_signals();  // for one signal: the next would kill
    EXPECT_THROW(run(SignallingSystem(at), config, data(), folder), Interrupted);
    EXPECT_TRUE(std::filesystem::exists(folder / "checkpoints" / "latest.safetensors"));
    const Trained resumed = run(ContrastSystem(), config, data(), folder);
    expect_same(resumed.weights, whole.weights);
    EXPECT_EQ(resumed.records.size(), whole.records.size());
    EXPECT_EQ(last(resumed, "loss"), last(whole, "loss"));
  }
  std::signal(SIGTERM, SIG_DFL);
}

TEST_F(Trainer, SavingInTheMiddleOfEpochsChangesNothing) {
  TrainConfig often = quick(3);
  often.checkpoint.every_seconds = 1e-9;
  const Trained a = run(ContrastSystem(), often, data(), scratch / "often");
  const Trained b = run(ContrastSystem(), quick(3), data(), scratch / "seldom");
  expect_same(a.weights, b.weights);
}

TEST_F(Trainer, ARunThatDiedInAnEpochResumesFromItsLastSave) {
  TrainConfig config = quick(4);
  config.checkpoint.every_seconds = 1e-9;  // after every step
  const Trained whole = run(ContrastSystem(), config, data(), scratch / "whole");
  struct Failing : ContrastSystem {
    int64_t left = 7;
    Forward forward(const data::Batch& batch, const Draws& draws, const Progress& p) override {
      if (module().is_training() && --left == 0) throw std::runtime_error("power cut");
      return ContrastSystem::forward(batch, draws, p);
    }
  };
  EXPECT_THROW(run(Failing(), config, data(), scratch / "died"), std::runtime_error);
  const Trained resumed = run(ContrastSystem(), config, data(), scratch / "died");
  expect_same(resumed.weights, whole.weights);
  EXPECT_EQ(last(resumed, "loss"), last(whole, "loss"));
  EXPECT_EQ(resumed.records.size(), whole.records.size());
}

TEST_F(Trainer, TheBestValidationWeightsAreKeptAndResumed) {
  TrainConfig config = quick(20);
  config.select = {.rule = Selection::kBestValidation, .metric = "accuracy"};
  const Trained whole = run(ContrastSystem(), config, data(), scratch / "whole");
  double best = -1;
  int64_t epoch = -1;
  for (const Record& record : whole.records) {
    if (record.kind != Record::Kind::kEvaluation) continue;
    if (record.metrics.front().value > best) {
      best = record.metrics.front().value;
      epoch = record.epoch;
    }
  }
  ASSERT_LT(epoch, 19) << "the best must be old when the run is resumed";
  EXPECT_EQ(whole.result.best, best);
  EXPECT_EQ(whole.result.selected_epoch, epoch);
  TrainConfig until_best = quick(20);
  until_best.stop_after = epoch + 1;
  expect_same(run(ContrastSystem(), until_best, data(), scratch / "until").weights, whole.weights);
  TrainConfig part = config;
  part.stop_after = epoch + 1;
  run(ContrastSystem(), part, data(), scratch / "part");
  const Trained resumed = run(ContrastSystem(), config, data(), scratch / "part");
  expect_same(resumed.weights, whole.weights);
  EXPECT_EQ(resumed.result.selected_epoch, epoch);
}

TEST_F(Trainer, PatienceStopsEarlyAndResumingDoesNotGoOn) {
  TrainConfig config = quick(60);
  config.select = {.rule = Selection::kBestValidation, .metric = "accuracy", .patience = 3};
  const Trained whole = run(ContrastSystem(), config, data(), scratch / "whole");
  ASSERT_LT(whole.result.epochs, 60);
  EXPECT_EQ(whole.result.epochs, whole.result.selected_epoch + 4);
  const Trained again = run(ContrastSystem(), config, data(), scratch / "whole");
  EXPECT_EQ(again.result.epochs, whole.result.epochs);
  expect_same(again.weights, whole.weights);
  TrainConfig part = config;
  part.stop_after = whole.result.epochs - 2;
  run(ContrastSystem(), part, data(), scratch / "part");
  const Trained resumed = run(ContrastSystem(), config, data(), scratch / "part");
  EXPECT_EQ(resumed.result.epochs, whole.result.epochs);
  expect_same(resumed.weights, whole.weights);
}

TEST_F(Trainer, RefusesWhatItCannotDo) {
  const auto fails_with = [](const std::string& text) {
    return testing::ThrowsMessage<Error>(testing::HasSubstr(text));
  };
  TrainConfig config = quick(2);
  config.select = {.rule = Selection::kBestValidation, .metric = "acuracy"};
  EXPECT_THAT([&] { run(ContrastSystem(), config, data(), scratch / "metric"); },
              fails_with("'acuracy' is undefined on 'val'"));
  TrainData without{.train = pairs->split("train")};
  EXPECT_THAT([&] { run(ContrastSystem(), config, without, scratch / "val"); },
              fails_with("needs a validation split"));
  TrainConfig wild = quick(30);
  wild.optimizer = {.kind = OptimizerConfig::Kind::kSgd, .lr = 1e30};
  EXPECT_THAT([&] { run(CountedSystem(), wild, data(), scratch / "wild"); },
              fails_with("lower train.optimizer.lr, or set train.clip_norm"));
}

TEST_F(Trainer, OtherTrainingDataIsRefusedOnResuming) {
  struct Stated : ContrastSystem {
    explicit Stated(double x) : x(x) {}
    State fit(const data::View&) override {
      return {.facts = {}, .tensors = {{"mean", torch::full({2}, x)}}};
    }
    double x;
  };
  run(Stated(1), quick(2), data(), scratch / "run");
  EXPECT_THAT([&] { run(Stated(2), quick(2), data(), scratch / "run"); },
              testing::ThrowsMessage<Error>(
                  testing::HasSubstr("was made from other training data ('mean' differs)")));
}

TEST_F(Trainer, ClippingAndTheScheduleReachTheStep) {
  const auto moved = [&](const TrainConfig& config, const std::string& folder) {
    ContrastSystem system;
    torch::manual_seed(0);
    system.build(system.fit(data().train));
    const Weights before = weights_of(system);
    const Trained trained = run(ContrastSystem(), config, data(), scratch / folder);
    double square = 0;
    for (const auto& [name, tensor] : before) {
      if (name != "passes")
        square += (tensor - trained.weights.at(name)).pow(2).sum().item<double>();
    }
    return std::sqrt(square);
  };
  TrainConfig config = quick(1);
  config.batch = 0;
  config.optimizer = {.kind = OptimizerConfig::Kind::kSgd, .lr = 1};
  config.clip_norm = 1e-3;
  EXPECT_NEAR(moved(config, "clipped"), 1e-3, 1e-6);
  config.schedule.warmup_steps = 4;
  EXPECT_NEAR(moved(config, "warming"), 0.25e-3, 1e-6);
}

TEST_F(Trainer, LoaderThreadsDoNotChangeTheResult) {
  TrainConfig none = quick(3), three = quick(3);
  none.loader_threads = 0;
  three.loader_threads = 3;
  expect_same(run(ContrastSystem(), none, data(), scratch / "none").weights,
              run(ContrastSystem(), three, data(), scratch / "three").weights);
}

TEST_F(Trainer, NoTwoMicroBatchesOfAnEpochShareRandomNumbers) {
  struct Listening : ContrastSystem {
    data::Batch collate(std::span<const int64_t> rows, const data::View& view,
                        CounterRng rng) const override {
      if (module_ && module_->is_training()) seen->push_back(CounterRng(rng).next_u64());
      return ContrastSystem::collate(rows, view, rng);
    }
    std::shared_ptr<std::vector<uint64_t>> seen = std::make_shared<std::vector<uint64_t>>();
  };
  TrainConfig config = quick(2);
  config.batch = 10;  // 10 + 10 + 4
  config.micro_batch = 2;
  config.loader_threads = 0;
  Listening system;
  const auto seen = system.seen;
  run(system, config, {.train = pairs->split("train")}, scratch / "run");
  EXPECT_EQ(seen->size(), 24U);
  EXPECT_EQ(std::set<uint64_t>(seen->begin(), seen->end()).size(), seen->size());
}

}  // namespace
}  // namespace relata::train
