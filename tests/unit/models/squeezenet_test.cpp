// SqueezeNet 1.1 against the published weights' golden output (computed in float64 from the Keras
// port's file), and its names.
#include "relata/models/squeezenet.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/io/json.h"
#include "relata/io/npz.h"
#include "relata/models/backbone.h"
#include "relata/nn/tensor_file.h"
#include "support/tensors.h"

namespace relata::models {
namespace {

namespace fs = std::filesystem;
using torch::Tensor;

/// $RELATA_DATA/weights-squeezenet11, empty if it is not there.
fs::path published() {
  const char* const data = std::getenv("RELATA_DATA");
  const fs::path folder = data == nullptr ? "" : fs::path(data) / "weights-squeezenet11";
  return fs::is_directory(folder) ? folder : fs::path();
}

nn::NamedTensors read_npz(const fs::path& path) {
  const io::NpzFile file(path);
  nn::NamedTensors tensors;
  for (const io::TensorInfo& info : file.arrays()) {
    const Tensor tensor = torch::empty(info.shape, nn::torch_dtype(info.dtype, info.name));
    std::memcpy(tensor.mutable_data_ptr(), info.bytes.data(), info.bytes.size());
    tensors[info.name] = tensor;
  }
  return tensors;
}

/// Red, green and blue planes of the golden picture, in 0..255; it is given by blue, green, red:
/// (7 y + 13 x + 29 c) mod 256.
Tensor golden_bytes() {
  Tensor pixels = torch::empty({3, 64, 64}, torch::kFloat64);
  for (int64_t c = 0; c < 3; ++c) {
    for (int64_t y = 0; y < 64; ++y) {
      for (int64_t x = 0; x < 64; ++x)
        pixels[2 - c][y][x] = static_cast<double>((7 * y + 13 * x + 29 * c) % 256);
    }
  }
  return pixels;
}

/// As `preprocessing` normalises.
Tensor golden_pixels(const io::Preprocessing& preprocessing) {
  EXPECT_FALSE(preprocessing.rescale);
  Tensor pixels = golden_bytes();
  for (int64_t c = 0; c < 3; ++c) {
    const auto i = static_cast<size_t>(c);
    pixels[c] = (pixels[c] - preprocessing.mean.at(i)) / preprocessing.std.at(i);
  }
  return pixels.unsqueeze(0);
}

TEST(SqueezeNet, PublishedWeightsGiveTheGoldenFeatures) {
  const fs::path folder = published();
  if (folder.empty()) GTEST_SKIP() << "needs RELATA_DATA";
  const nlohmann::json golden =
      io::parse_json_strict(read_file(folder / "golden.json"), "golden.json");
  const Tensor expected = test::doubles(golden.at("mean_over_hw").get<std::vector<double>>());
  ASSERT_EQ(expected.size(0), 512);
  const nn::NamedTensors weights = read_npz(folder / "squeezenet11_notop.npz");
  const Tensor pixels = golden_pixels(squeezenet_preprocessing());
  const torch::NoGradGuard no_grad;

  SqueezeNet wide;
  wide->to(torch::kFloat64);
  EXPECT_EQ(assign(squeezenet_tables(), nn::tensors_of(*wide), weights, "npz").naming, "Keras");
  const TowerOutput out = wide(pixels);
  EXPECT_EQ(out.tokens.sizes(), (std::vector<int64_t>{1, 9, 512}));
  EXPECT_LT(test::distance(out.embedding[0], expected), 1e-6);  // six decimals are given
  EXPECT_TRUE(out.pooled.equal(out.embedding));
  EXPECT_LT(test::distance(out.tokens.mean(1), out.embedding), 1e-9);

  const auto backbone =
      make_backbone({{"model_type", "squeezenet"}}, weights, "squeezenet11_notop.npz");
  const double size = expected.abs().max().item<double>();
  EXPECT_LT(test::distance(backbone->embed_image(pixels)[0], expected), 1e-5 * size);
  backbone->freeze(nn::Precision::kFp32, true);
  EXPECT_LT(test::distance(backbone->embed_image(pixels)[0], expected), 1e-5 * size);
}

TEST(SqueezeNet, HasThePublishedNumberOfParameters) {
  int64_t parameters = 0;
  for (const Tensor& p : SqueezeNet()->parameters()) parameters += p.numel();
  EXPECT_EQ(parameters, 722'496);
}

TEST(SqueezeNet, EveryNamingIsReadBack) {
  torch::manual_seed(3);
  const SqueezeNet net;
  std::vector<std::string> namings;
  for (const TensorTable& table : squeezenet_tables()) {
    const nn::NamedTensors file = renamed(table, nn::tensors_of(*net));
    const SqueezeNet again;
    EXPECT_EQ(assign(squeezenet_tables(), nn::tensors_of(*again), file, "test").naming,
              table.naming);
    for (const auto& [name, tensor] : nn::tensors_of(*again))
      EXPECT_TRUE(tensor.equal(nn::tensors_of(*net).at(name))) << table.naming << ": " << name;
    namings.push_back(table.naming);
  }
  EXPECT_EQ(namings, (std::vector<std::string>{"torchvision", "Keras"}));
}

TEST(SqueezeNet, KerasKernelsAreHeightWidthInOut) {
  torch::manual_seed(4);
  const SqueezeNet net;
  const nn::NamedTensors ours = nn::tensors_of(*net);
  const nn::NamedTensors file = renamed(squeezenet_tables().back(), ours);
  const Tensor kernel = file.at("fire2/expand3x3/kernel");
  ASSERT_EQ(kernel.sizes(), (std::vector<int64_t>{3, 3, 16, 64}));
  const Tensor weight = ours.at("fire2.expand3x3.weight");
  EXPECT_EQ(kernel[0][2][5][11].item<float>(), weight[11][5][0][2].item<float>());
  nn::NamedTensors wrong = file;
  wrong["conv1/kernel"] = ours.at("conv1.weight").detach();
  EXPECT_THROW(assign(squeezenet_tables(), ours, wrong, "test"), Error);
}

TEST(SqueezeNet, ChannelsAreTurnedWhereTheWeightsWantIt) {
  torch::manual_seed(5);
  SqueezeNet bgr(SqueezeNetConfig{});
  const torch::NoGradGuard no_grad;
  for (const Tensor& p : bgr->parameters()) Tensor(p).mul_(2.5);  // else little is left at the end
  SqueezeNet rgb(SqueezeNetConfig{.bgr = false});
  assign(squeezenet_tables(), nn::tensors_of(*rgb),
         renamed(squeezenet_tables().front(), nn::tensors_of(*bgr)), "test");
  const Tensor pixels = 50 * torch::randn({2, 3, 40, 33});
  EXPECT_TRUE(bgr(pixels).tokens.equal(rgb(pixels.flip({1})).tokens));
  EXPECT_GT(test::distance(bgr(pixels).tokens, rgb(pixels).tokens), 1e-3);
}

TEST(SqueezeNet, PoolsStopAtTheEdgeUnlessToldOtherwise) {
  SqueezeNet floor(SqueezeNetConfig{});
  SqueezeNet ceil(SqueezeNetConfig{.ceil_pools = true});
  // 66 → 32, then by floor 15, 7, 3 and by ceiling 16, 8, 4.
  const Tensor pixels = torch::zeros({1, 3, 66, 66});
  const torch::NoGradGuard no_grad;
  EXPECT_EQ(floor(pixels).tokens.size(1), 9);
  EXPECT_EQ(ceil(pixels).tokens.size(1), 16);
}

TEST(SqueezeNet, ConfigurationIsReadBack) {
  for (const bool bgr : {true, false}) {
    const nlohmann::json json = SqueezeNetConfig{.bgr = bgr, .ceil_pools = !bgr}.to_json();
    const SqueezeNetConfig again = SqueezeNetConfig::from_json(ConfigReader(json, "test"));
    EXPECT_EQ(again.bgr, bgr);
    EXPECT_EQ(again.ceil_pools, !bgr);
  }
  EXPECT_THROW(SqueezeNetConfig::from_json(ConfigReader({{"channel_order", "grb"}}, "test")),
               Error);
}

TEST(SqueezeNet, PreprocessingIsReadBack) {
  const io::Preprocessing preprocessing = squeezenet_preprocessing();
  EXPECT_EQ(io::Preprocessing::from_json(preprocessing.to_json(), "test"), preprocessing);
  EXPECT_EQ(preprocessing.output_size(100, 300), (std::array<int64_t, 2>{227, 227}));
  io::Image red;
  red.width = red.height = 227;
  for (int64_t i = 0; i < red.width * red.height; ++i)
    red.pixels.insert(red.pixels.end(), {255, 0, 0});
  const std::vector<float> planes = preprocessing.run(red).values;
  EXPECT_FLOAT_EQ(planes.front(), 255 - 123.68F);
  EXPECT_FLOAT_EQ(planes.back(), -103.939F);
}

TEST(SqueezeNet, PixelsThatDoNotFitAreRefused) {
  SqueezeNet net;
  const torch::NoGradGuard no_grad;
  EXPECT_THROW(net(torch::zeros({1, 1, 64, 64})), Error);
  EXPECT_THROW(net(torch::zeros({3, 64, 64})), Error);
  EXPECT_THROW(net(torch::zeros({1, 3, 64, 30})), Error);
  EXPECT_EQ(net(torch::zeros({1, 3, 31, 31})).tokens.size(1), 1);
}

}  // namespace
}  // namespace relata::models
