// EfficientNet-Lite0: its block against plain loops, its published size and names, and packing.
#include "relata/models/efficientnet.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "relata/base/error.h"
#include "relata/models/backbone.h"
#include "relata/nn/tensor_file.h"
#include "support/tensors.h"

namespace relata::models {
namespace {

using torch::Tensor;

/// Norms away from where they do nothing, of a size at which rounding neither grows nor the picture
/// is forgotten on the way through the network.
void disturb(torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : nn::tensors_of(module)) {
    if (name.ends_with("norm.weight")) Tensor(tensor).uniform_(0.7, 1.3);
    if (name.ends_with("norm.bias")) Tensor(tensor).uniform_(0, 1);
    if (name.ends_with("running_mean")) Tensor(tensor).uniform_(-0.3, 0.3);
    if (name.ends_with("running_var")) Tensor(tensor).uniform_(0.25, 0.75);
  }
}

EfficientNet random_net(int64_t classes) {
  EfficientNet net(EfficientNetConfig{.classes = classes});
  disturb(*net);
  net->eval();
  return net;
}

/// The block written out for one picture: explicit loops over output, kernel and channels.
class DirectBlock {
 public:
  DirectBlock(const InvertedResidualShape& shape, const nn::NamedTensors& tensors)
      : shape_(shape), tensors_(tensors) {}

  /// x [channels, height, width], float64
  Tensor run(const Tensor& x) const {
    Tensor y = x;
    if (shape_.expansion != 1) y = clipped(normed(pointwise(y, "expand"), "expand"));
    y = clipped(normed(depthwise(y), "depthwise"));
    y = normed(pointwise(y, "project"), "project");
    const bool same = shape_.stride == 1 && shape_.in == shape_.out;
    return same ? y + x : y;
  }

 private:
  Tensor of(const std::string& name) const { return tensors_.at(name).detach(); }

  Tensor pointwise(const Tensor& x, const std::string& name) const {
    const Tensor kernel = of(name + ".weight").flatten(1);
    return kernel.matmul(x.flatten(1)).view({kernel.size(0), x.size(1), x.size(2)});
  }

  Tensor depthwise(const Tensor& x) const {
    const Tensor kernel = of("depthwise.weight");
    const int64_t k = shape_.kernel;
    const int64_t s = shape_.stride;
    // TensorFlow's SAME for sides that the stride divides.
    const int64_t rows = x.size(1) / s;
    const int64_t columns = x.size(2) / s;
    const int64_t before = ((rows - 1) * s + k - x.size(1)) / 2;
    Tensor y = torch::zeros({x.size(0), rows, columns}, torch::kFloat64);
    const auto in = x.accessor<double, 3>();
    const auto w = kernel.accessor<double, 4>();
    auto out = y.accessor<double, 3>();
    for (int64_t c = 0; c < x.size(0); ++c) {
      for (int64_t i = 0; i < rows * columns * k * k; ++i) {
        const int64_t v = i % k;
        const int64_t u = i / k % k;
        const int64_t column = i / (k * k) % columns;
        const int64_t row = i / (k * k * columns);
        const int64_t a = row * s + u - before;
        const int64_t b = column * s + v - before;
        if (a >= 0 && b >= 0 && a < x.size(1) && b < x.size(2))
          out[c][row][column] += w[c][0][u][v] * in[c][a][b];
      }
    }
    return y;
  }

  Tensor normed(const Tensor& x, const std::string& name) const {
    const std::string norm = name + ".norm.";
    Tensor y = torch::empty_like(x);
    for (int64_t c = 0; c < x.size(0); ++c) {
      const auto at = [&](const char* part) { return of(norm + part)[c].item<double>(); };
      y[c] = at("weight") * (x[c] - at("running_mean")) / std::sqrt(at("running_var") + 1e-3) +
             at("bias");
    }
    return y;
  }

  static Tensor clipped(const Tensor& x) { return x.clamp(0, 6); }

  InvertedResidualShape shape_;
  const nn::NamedTensors& tensors_;
};

TEST(InvertedResidual, IsWhatItsFormulasSay) {
  torch::manual_seed(3);
  const std::vector<InvertedResidualShape> shapes{
      {.in = 4, .out = 4, .expansion = 6, .kernel = 3, .stride = 1},
      {.in = 4, .out = 6, .expansion = 6, .kernel = 5, .stride = 1},
      {.in = 4, .out = 4, .expansion = 6, .kernel = 3, .stride = 2},
      {.in = 4, .out = 5, .expansion = 3, .kernel = 5, .stride = 2},
      {.in = 4, .out = 4, .expansion = 1, .kernel = 5, .stride = 1},
      {.in = 4, .out = 2, .expansion = 1, .kernel = 3, .stride = 1}};
  for (const InvertedResidualShape& shape : shapes) {
    InvertedResidual block(shape);
    disturb(*block);
    block->to(torch::kFloat64);
    block->eval();
    const Tensor x = 4 * torch::randn({1, 4, 8, 6}, torch::kFloat64);
    const torch::NoGradGuard no_grad;
    const Tensor found = block(x);
    const nn::NamedTensors tensors = nn::tensors_of(*block);
    EXPECT_LT(test::distance(found[0], DirectBlock(shape, tensors).run(x[0])), 1e-10)
        << shape.kernel << " " << shape.stride;
  }
}

TEST(EfficientNet, HasThePublishedNumberOfParameters) {
  int64_t parameters = 0;
  for (const Tensor& p : EfficientNet()->parameters()) parameters += p.numel();
  EXPECT_EQ(parameters, 4'652'008);
}

TEST(EfficientNet, StagesHaveTheirSizes) {
  EfficientNet net = random_net(0);
  const torch::NoGradGuard no_grad;
  const TowerOutput out = net(torch::randn({1, 3, 64, 96}));
  EXPECT_EQ(out.tokens.sizes(), (std::vector<int64_t>{1, 6, 1280}));
  EXPECT_LT(test::distance(out.tokens.mean(1), out.embedding), 1e-5);
  EXPECT_TRUE(out.pooled.equal(out.embedding));
  EXPECT_LE(out.tokens.max().item<double>(), 6);
  EXPECT_GT(out.tokens.max().item<double>(), 1);
}

TEST(EfficientNet, PackedIsUnpacked) {
  torch::manual_seed(4);
  EfficientNet net = random_net(7);
  const Tensor pixels = torch::randn({2, 3, 70, 64});
  const torch::NoGradGuard no_grad;
  const TowerOutput expected = net(pixels);
  const Tensor logits = net->classify(expected.embedding);
  net->freeze(nn::Precision::kFp32, false);
  const TowerOutput found = net(pixels);
  EXPECT_GT(test::distance(expected.tokens[0], expected.tokens[1]), 2e-3);
  EXPECT_LT(test::distance(found.tokens, expected.tokens), 1e-5 * 6);
  EXPECT_LT(test::distance(found.embedding, expected.embedding), 1e-5);
  EXPECT_LT(test::distance(net->classify(found.embedding), logits), 1e-5);
}

TEST(EfficientNet, PackedBfloat16GivesFloat32) {
  torch::manual_seed(5);
  EfficientNet net = random_net(7);
  const Tensor pixels = torch::randn({2, 3, 64, 64});
  const torch::NoGradGuard no_grad;
  const Tensor expected = net(pixels).embedding;
  net->freeze(nn::Precision::kBf16, true);
  const Tensor found = net(pixels).embedding;
  EXPECT_EQ(found.scalar_type(), torch::kFloat32);
  EXPECT_GT(torch::cosine_similarity(found, expected).min().item<double>(), 0.99);
  EXPECT_THROW(net->classify(found), Error);
}

TEST(EfficientNet, TrainingReadsTheBatchAndEvaluationDoesNot) {
  torch::manual_seed(6);
  EfficientNet net = random_net(0);
  const Tensor pixels = torch::randn({3, 3, 64, 64});
  const torch::NoGradGuard no_grad;
  const auto alone = [&] { return net(pixels.narrow(0, 0, 1)).embedding; };
  const auto among = [&] { return net(pixels).embedding.narrow(0, 0, 1); };
  EXPECT_LT(test::distance(alone(), among()), 1e-5);
  const Tensor mean = nn::tensors_of(*net).at("stem.norm.running_mean");
  const Tensor before = mean.clone();
  net->train();
  EXPECT_GT(test::distance(alone(), among()), 1e-2);
  EXPECT_FALSE(mean.equal(before));
}

TEST(EfficientNet, EveryNamingIsReadBack) {
  torch::manual_seed(7);
  for (const int64_t classes : {0, 5}) {
    const EfficientNet net = random_net(classes);
    const auto tables = efficientnet_tables(net->config());
    for (const TensorTable& table : tables) {
      nn::NamedTensors file = renamed(table, nn::tensors_of(*net));
      // As published: a counter beside each norm.
      file["_bn0.num_batches_tracked"] = torch::zeros({}, torch::kInt64);
      file["_blocks.3._bn2.num_batches_tracked"] = torch::zeros({}, torch::kInt64);
      const EfficientNet again(EfficientNetConfig{.classes = classes});
      EXPECT_EQ(assign(tables, nn::tensors_of(*again), file, "test").naming, table.naming);
      for (const auto& [name, tensor] : nn::tensors_of(*again))
        EXPECT_TRUE(tensor.equal(nn::tensors_of(*net).at(name))) << table.naming << ": " << name;
    }
    EXPECT_EQ(tables.front().naming, "lukemelas");
  }
}

TEST(EfficientNet, BackboneHasAClassifierWhereTheFileHasOne) {
  const EfficientNet net = random_net(5);
  nn::NamedTensors file = renamed(efficientnet_tables(net->config()).front(), nn::tensors_of(*net));
  const nlohmann::json config{{"model_type", "efficientnet-lite"}, {"num_labels", 5}};
  EXPECT_EQ(make_backbone(config, file, "test")->config().at("num_labels"), 5);
  file.erase("_fc.weight");
  const auto without = make_backbone(config, file, "test");
  EXPECT_FALSE(without->config().contains("num_labels"));
  EXPECT_TRUE(without->encodes_images());
  EXPECT_FALSE(without->module().is_training());
  const nlohmann::json other{{"model_type", "efficientnet-lite"}, {"variant", "lite4"}};
  EXPECT_THROW(make_backbone(other, file, "test"), Error);
}

TEST(EfficientNet, PreprocessingIsReadBack) {
  const io::Preprocessing preprocessing = efficientnet_preprocessing();
  EXPECT_EQ(io::Preprocessing::from_json(preprocessing.to_json(), "test"), preprocessing);
  EXPECT_EQ(preprocessing.output_size(100, 300), (std::array<int64_t, 2>{224, 224}));
  io::Image white;
  white.width = white.height = 224;
  white.pixels.assign(size_t{224} * 224 * 3, 255);
  EXPECT_FLOAT_EQ(preprocessing.run(white).values.front(), 1.0F);
}

TEST(EfficientNet, PixelsThatDoNotFitAreRefused) {
  EfficientNet net = random_net(0);
  const torch::NoGradGuard no_grad;
  EXPECT_THROW(net(torch::zeros({1, 3, 31, 64})), Error);
  EXPECT_THROW(net(torch::zeros({1, 4, 64, 64})), Error);
  EXPECT_EQ(net(torch::zeros({1, 3, 32, 63})).tokens.size(1), 1);
  EXPECT_THROW(net->classify(torch::zeros({1, 1280})), Error);
}

}  // namespace
}  // namespace relata::models
