// CLIP against values of OpenAI's model in float64, computed from weights by formula (M3EL spec,
// §9.1 and §9.3), and the grid of positions (IRRA spec, §9.5).
#include "relata/models/clip.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <numeric>
#include <string>

#include "relata/base/error.h"
#include "support/tensors.h"

namespace relata::models {
namespace {

using torch::Tensor;

ClipConfig golden_config() {
  ClipConfig config;
  config.vision = {.width = 128,
                   .layers = 2,
                   .heads = 2,
                   .hidden = 512,
                   .patch = 4,
                   .grid = {2, 2},
                   .projection = 8};
  config.text = {.width = 16,
                 .layers = 2,
                 .heads = 2,
                 .hidden = 64,
                 .vocabulary = 60,
                 .positions = 8,
                 .end_id = 59,
                 .projection = 8};
  return config;
}

/// value_i = b + a sin(0.37 (i + 1) + phase), phase = sum of the name's codes mod 97.
Tensor filled(const std::string& name, at::IntArrayRef shape, double a, double b) {
  const int phase = std::accumulate(name.begin(), name.end(), 0) % 97;
  const int64_t size = c10::multiply_integers(shape);
  const Tensor index = torch::arange(1, size + 1, torch::kFloat64);
  return (b + a * torch::sin(0.37 * index + phase)).view(shape);
}

Tensor golden_value(const std::string& name, at::IntArrayRef shape) {
  const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
  if (has("norm")) {
    return name.ends_with("weight") ? filled(name, shape, .1, 1) : filled(name, shape, .05, 0);
  }
  if (name == "logit_scale") return torch::zeros({}, torch::kFloat64);
  if (has("patch_embedding")) return filled(name, shape, .3, 0);
  if (has("embedding")) return filled(name, shape, 1, 0);
  if (has("projection")) return filled(name, shape, .3, 0);
  return filled(name, shape, name.ends_with("bias") ? .05 : .2, 0);
}

Clip golden_model() {
  Clip clip(golden_config());
  clip->to(torch::kFloat64);
  const TensorTable table = clip_tables(clip->config()).front();
  nn::NamedTensors values;
  for (const auto& [name, tensor] : renamed(table, nn::tensors_of(*clip)))
    values[name] = golden_value(name, tensor.sizes());
  assign({table}, nn::tensors_of(*clip), values, "golden");
  return clip;
}

Tensor unit(const Tensor& x) { return x / x.norm(2, 1, true); }

TEST(Clip, TextTowerOfTheReference) {
  Clip clip = golden_model();
  const Tensor ids = test::integers({58, 3, 17, 42, 59, 59, 59, 59}).unsqueeze(0);
  const Tensor mask = torch::arange(8).le(4).unsqueeze(0);
  const TowerOutput out = clip->text(ids, mask);
  EXPECT_LT(test::distance(unit(out.embedding)[0],
                           test::doubles({.49490218, .50621079, .45147911, .33784745, .18014019,
                                          -.00106816, -.18213717, -.33944455})),
            1e-7);
  const auto first_of = [&](int64_t row) { return out.tokens[0][row].narrow(0, 0, 4); };
  EXPECT_LT(
      test::distance(first_of(0), test::doubles({-.18820390, .60570549, .39248317, -.94194585})),
      1e-7);
  EXPECT_LT(
      test::distance(first_of(4), test::doubles({.01720203, .59875582, 1.36569952, .55662954})),
      1e-7);
  EXPECT_LT(
      test::distance(first_of(7), test::doubles({-.01144976, .53237966, 1.47218985, .81051949})),
      1e-7);
  EXPECT_NEAR(out.tokens.abs().sum().item<double>(), 99.63616931, 1e-7);
  EXPECT_LT(test::distance(clip->text->embed(ids, mask), out.embedding), 1e-12);
}

TEST(Clip, ImageTowerOfTheReference) {
  Clip clip = golden_model();
  // The tower takes pixels in its own dtype, here float64.
  const TowerOutput out = clip->vision(filled("pixel_values", {1, 3, 8, 8}, 1, 0));
  EXPECT_LT(test::distance(unit(out.embedding)[0],
                           test::doubles({.18852798, -.27052111, .33750315, -.38575730, .41260596,
                                          -.41655932, .39739800, -.35618526})),
            1e-7);
  const auto first_of = [&](int64_t row) { return out.tokens[0][row].narrow(0, 0, 4); };
  EXPECT_LT(test::distance(first_of(0),
                           test::doubles({-3.33550329, -5.18668132, 2.10025047, 6.50366983})),
            1e-6);
  EXPECT_LT(
      test::distance(first_of(4), test::doubles({-1.70435263, -.36147077, 6.10103771, 5.57996989})),
      1e-6);
  EXPECT_NEAR(out.tokens.abs().sum().item<double>(), 2921.39509405, 1e-5);
}

TEST(Clip, PublishedSizesHaveTheirParameterCounts) {
  struct Size {
    ClipConfig config;
    int64_t parameters;
  };
  const auto size = [](int64_t embedding, int64_t image, int64_t patch, int64_t width,
                       int64_t layers, int64_t text, int64_t heads) {
    ClipConfig config;
    config.vision = {.width = width,
                     .layers = layers,
                     .heads = width / 64,
                     .hidden = 4 * width,
                     .patch = patch,
                     .grid = {image / patch, image / patch},
                     .projection = embedding};
    config.text = {.width = text, .heads = heads, .hidden = 4 * text, .projection = embedding};
    return config;
  };
  const std::vector<Size> sizes{{size(512, 224, 32, 768, 12, 512, 8), 151'277'313},
                                {size(512, 224, 16, 768, 12, 512, 8), 149'620'737},
                                {size(768, 224, 14, 1024, 24, 768, 12), 427'616'513},
                                {size(768, 336, 14, 1024, 24, 768, 12), 427'944'193}};
  for (const auto& [config, expected] : sizes) {
    // Counted in the table: such a model need not be made to be counted.
    const auto block = [](int64_t w) { return 12 * w * w + 13 * w; };
    const int64_t v = config.vision->width;
    const int64_t t = config.text->width;
    const int64_t e = config.text->projection;
    const int64_t grid = config.vision->grid.rows * config.vision->grid.columns;
    const int64_t vision = 3 * config.vision->patch * config.vision->patch * v + v +
                           (grid + 1) * v + 4 * v + config.vision->layers * block(v) + v * e;
    const int64_t text = 49408 * t + 77 * t + 2 * t + 12 * block(t) + t * e;
    EXPECT_EQ(vision + text + 1, expected);
  }
  ClipConfig small = sizes.front().config;
  small.text->vocabulary = 10;
  Clip clip(small);
  int64_t parameters = 0;
  for (const Tensor& p : clip->parameters()) parameters += p.numel();
  EXPECT_EQ(parameters + (49408 - 10) * 512, 151'277'313);
}

TEST(Clip, EveryNamingIsReadBack) {
  torch::manual_seed(3);
  Clip clip(golden_config());
  for (const TensorTable& table : clip_tables(clip->config())) {
    const nn::NamedTensors file = renamed(table, nn::tensors_of(*clip));
    Clip again(golden_config());
    const auto tables = clip_tables(again->config());
    EXPECT_EQ(assign(tables, nn::tensors_of(*again), file, "test").naming, table.naming);
    for (const auto& [name, tensor] : nn::tensors_of(*again))
      EXPECT_TRUE(tensor.equal(nn::tensors_of(*clip).at(name))) << table.naming << ": " << name;
  }
}

TEST(Clip, ConfigurationIsInferredFromAnOpenAiCheckpoint) {
  ClipConfig config = golden_config();
  config.text->width = 64;
  config.text->heads = 1;
  config.text->end_id = 2;
  Clip clip(config);
  for (const char* naming : {"OpenAI", "OpenCLIP"}) {
    for (const TensorTable& table : clip_tables(config)) {
      if (table.naming != naming) continue;
      const ClipConfig inferred = ClipConfig::from_tensors(renamed(table, nn::tensors_of(*clip)),
                                                           nn::Activation::kQuickGelu, "test");
      EXPECT_EQ(inferred.vision->layers, 2);
      EXPECT_EQ(inferred.vision->heads, 2);
      EXPECT_EQ(inferred.vision->grid, (Grid{2, 2}));
      EXPECT_EQ(inferred.text->width, 64);
      EXPECT_EQ(inferred.text->positions, 8);
      EXPECT_EQ(inferred.text->projection, 8);
    }
  }
}

TEST(Clip, FaultsOfAFileAreListedTogether) {
  Clip clip(golden_config());
  const auto tables = clip_tables(clip->config());
  nn::NamedTensors file = renamed(tables.front(), nn::tensors_of(*clip));
  file.erase("text_projection.weight");
  file["strange"] = torch::zeros({1});
  file["visual_projection.weight"] = torch::zeros({8, 127});
  file["logit_scale"] = torch::full({}, NAN);
  try {
    assign(tables, nn::tensors_of(*clip), file, "file");
    FAIL();
  } catch (const Error& error) {
    const std::string text = error.what();
    for (const char* part :
         {"missing 'text_projection.weight'", "unexpected 'strange'",
          "'visual_projection.weight' is [8, 127] but must be [8, 128]", "'logit_scale' holds NaN"})
      EXPECT_NE(text.find(part), std::string::npos) << text;
  }
}

TEST(Positions, AreResizedBetweenHalfPixelCentres) {
  const auto grid = [](int64_t side, const std::function<double(int64_t, int64_t)>& f) {
    Tensor x = torch::full({1 + side * side, 1}, -7.0);
    for (int64_t i = 0; i < side * side; ++i) x[1 + i][0] = f(i / side, i % side);
    return x;
  };
  const Tensor rows =
      resize_positions(grid(14, [](int64_t i, int64_t) { return static_cast<double>(i); }),
                       {14, 14}, {24, 8}, GridFilter::kBilinear);
  EXPECT_EQ(rows[0][0].item<double>(), -7);
  const Tensor first_column = rows.narrow(0, 1, 24 * 8).view({24, 8}).select(1, 0);
  EXPECT_LT(test::distance(first_column.narrow(0, 0, 4),
                           test::doubles({0, .375, .958333333, 1.541666667})),
            1e-5);
  EXPECT_LT(test::distance(first_column.narrow(0, 22, 2), test::doubles({12.625, 13})), 1e-5);
  const Tensor columns =
      resize_positions(grid(14, [](int64_t, int64_t j) { return static_cast<double>(j * j); }),
                       {14, 14}, {24, 8}, GridFilter::kBilinear);
  EXPECT_LT(test::distance(
                columns.narrow(0, 1, 8).flatten(),
                test::doubles({.375, 4.625, 15.125, 31.875, 54.625, 83.375, 118.375, 159.625})),
            1e-4);
}

TEST(Patches, AreTheConvolution) {
  torch::manual_seed(4);
  const Tensor pixels = torch::randn({2, 3, 9, 7});
  const Tensor kernel = torch::randn({5, 3, 2, 2});
  const Tensor expected = torch::conv2d(pixels, kernel, {}, 2).flatten(2).transpose(1, 2);
  const Tensor found = cut_patches(pixels, 2).matmul(kernel.flatten(1).t());
  EXPECT_LT(test::distance(found, expected), 1e-5);
}

TEST(Clip, InputsThatDoNotFitAreRefused) {
  Clip clip(golden_config());
  EXPECT_THROW(clip->vision(torch::zeros({1, 3, 12, 8})), Error);
  EXPECT_THROW(clip->vision(torch::zeros({1, 1, 8, 8})), Error);
  EXPECT_THROW(clip->text(torch::zeros({1, 9}, torch::kInt64)), Error);
  EXPECT_THROW(clip->text(torch::zeros({1, 3}, torch::kInt32)), Error);
  EXPECT_THROW(
      clip->text->embed(torch::zeros({2, 3}, torch::kInt64), torch::ones({2, 4}, torch::kBool)),
      Error);
}

}  // namespace
}  // namespace relata::models
