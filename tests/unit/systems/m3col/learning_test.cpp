// A tiny problem that must be learnt, through the trainer; and saving.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "relata/nn/tensor_file.h"
#include "relata/train/trainer.h"
#include "unit/systems/m3col/omics.h"

namespace relata::systems::m3col {
namespace {

/// s ← (1103515245 s + 12345) mod 2³¹, r = 2s / 2³¹ − 1
class Lcg {
 public:
  explicit Lcg(uint64_t seed) : s_(seed) {}
  double next() {
    s_ = (1103515245 * s_ + 12345) % (uint64_t{1} << 31);
    return 2 * static_cast<double>(s_) / 0x1p31 - 1;
  }

 private:
  uint64_t s_;
};

/// y = i mod 3, x_m[i, j] = sin(0.9(y + 1)(j + 1) + m) + 1.5 r, initial s = seed + m
std::vector<OmicsRow> learnable(size_t count, uint64_t seed) {
  std::vector<OmicsRow> rows(count);
  for (size_t i = 0; i < count; ++i) rows[i].label = std::string(1, static_cast<char>('a' + i % 3));
  for (uint64_t m = 0; m < 3; ++m) {
    Lcg lcg(seed + m);
    for (size_t i = 0; i < count; ++i) {
      std::vector<double> x;
      for (int j = 0; j < 12; ++j) {
        const double y = static_cast<double>(i % 3);
        x.push_back(std::sin(0.9 * (y + 1) * (j + 1) + static_cast<double>(m)) + 1.5 * lcg.next());
      }
      rows[i].values.push_back(x);
    }
  }
  return rows;
}

struct Learned {
  Learned(Switch contrast, int64_t seed) {
    const auto dataset = open_omics(scratch / "d", learnable(90, 1), learnable(300, 101));
    Config config;
    config.model = {.embedding = 32, .hidden = 32};
    config.contrast.enabled = contrast;
    system = std::make_unique<M3col>(config);
    train::State state = system->fit(dataset->split("train"));
    for (auto& [name, x] : state.tensors) x.fill_(name.ends_with(".scale") ? 1 : 0);  // as they are
    torch::manual_seed(static_cast<uint64_t>(seed));
    system->build(state);
    train::TrainConfig training{.epochs = 60, .shuffle = false};
    training.optimizer = {
        .kind = train::OptimizerConfig::Kind::kAdam, .lr = 2e-3, .weight_decay = 1e-4};
    train::RunFolder run(scratch / "run", "a: 1\n", train::Resume::kNo);
    result = train::train(*system, state, training, {.train = dataset->split("train")}, run, 0);
    train_accuracy = system->evaluate(dataset->split("train"))["accuracy"];
    test_accuracy = system->evaluate(dataset->split("test"))["accuracy"];
  }
  test::Scratch scratch;
  std::unique_ptr<M3col> system;
  train::TrainResult result;
  double train_accuracy = 0, test_accuracy = 0;
};

TEST(M3colLearning, LearnsTheTinyProblemWithTheContrast) {
  for (const int64_t seed : {0, 1, 2}) {
    const Learned learned(Switch::kOn, seed);
    EXPECT_EQ(learned.train_accuracy, 1);
    EXPECT_GE(learned.test_accuracy, 0.99);
    EXPECT_GT(learned.result.last_loss.total, 1.1);
    EXPECT_LT(learned.result.last_loss.total, 1.4);
  }
}

TEST(M3colLearning, LearnsTheTinyProblemWithoutTheContrast) {
  const Learned learned(Switch::kOff, 0);
  EXPECT_EQ(learned.train_accuracy, 1);
  EXPECT_GE(learned.test_accuracy, 0.99);
  EXPECT_GT(learned.result.last_loss.total, 0.05);
  EXPECT_LT(learned.result.last_loss.total, 0.15);
}

TEST(M3colLearning, SavedWeightsGiveTheSameLogits) {  // invariant (l)
  const test::Scratch scratch;
  const auto dataset = open_omics(scratch / "d", plain_rows(9), plain_rows(4, 0.2));
  const auto weights = [](M3col& system) {
    nn::NamedTensors named;
    for (const auto& p : system.module().named_parameters()) named[p.key()] = p.value();
    return named;
  };
  Config config;
  config.model = {.embedding = 16, .hidden = 16};
  config.contrast.enabled = Switch::kOff;
  const auto system = fitted(config, *dataset);
  nn::save_tensors(scratch / "w.safetensors", weights(*system));
  M3col other(config);
  torch::manual_seed(99);
  other.build(system->fit(dataset->split("train")));
  const data::View test = dataset->split("test");
  EXPECT_FALSE(other.classify(test, {}).logits.equal(system->classify(test, {}).logits));
  nn::assign_tensors(weights(other), nn::load_tensors(scratch / "w.safetensors").tensors, "w");
  EXPECT_TRUE(other.classify(test, {}).logits.equal(system->classify(test, {}).logits));
}

}  // namespace
}  // namespace relata::systems::m3col
