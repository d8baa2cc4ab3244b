#include "relata/models/squeezenet.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <array>
#include <nlohmann/json.hpp>

#include "relata/base/error.h"
#include "relata/models/feature_map.h"

namespace relata::models {
namespace {

using torch::Tensor;

constexpr int64_t kStem = 64;
constexpr int64_t kSmallestSide = 31;  ///< 31 → 15 → 7 → 3 → 1

struct FireShape {
  int64_t squeezed;
  int64_t expanded;
  bool pooled;              ///< a pooling stands before it
  const char* torchvision;  ///< its name there, where every layer counts
};

/// fire2 to fire9.
constexpr std::array<FireShape, 8> kFires{{{16, 64, true, "features.3"},
                                           {16, 64, false, "features.4"},
                                           {32, 128, true, "features.6"},
                                           {32, 128, false, "features.7"},
                                           {48, 192, true, "features.9"},
                                           {48, 192, false, "features.10"},
                                           {64, 256, false, "features.11"},
                                           {64, 256, false, "features.12"}}};

std::string fire_name(size_t index) { return fmt::format("fire{}", index + 2); }

nn::Conv relu_conv(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t padding) {
  return nn::Conv(nn::ConvOptions{.in = in,
                                  .out = out,
                                  .kernel = kernel,
                                  .stride = stride,
                                  .before = padding,
                                  .after = padding,
                                  .activation = nn::Activation::kRelu});
}

void add_keras(std::vector<TensorRule>& rules, const std::string& ours, const std::string& theirs) {
  rules.push_back({.ours = ours + ".weight", .theirs = {theirs + "/kernel"}, .hwio = true});
  rules.push_back({.ours = ours + ".bias", .theirs = {theirs + "/bias"}});
}

TensorTable torchvision() {
  TensorTable table{.naming = "torchvision",
                    .rules = {},
                    .prefixes = {"", "module."},
                    .ignored = {"classifier.*"}};
  add_layer(table.rules, "conv1", "features.0");
  for (size_t i = 0; i < kFires.size(); ++i) {
    for (const char* part : {".squeeze", ".expand1x1", ".expand3x3"})
      add_layer(table.rules, fire_name(i) + part, std::string(kFires[i].torchvision) + part);
  }
  return table;
}

TensorTable keras() {
  TensorTable table{.naming = "Keras", .rules = {}, .prefixes = {""}, .ignored = {"conv10/*"}};
  add_keras(table.rules, "conv1", "conv1");
  for (size_t i = 0; i < kFires.size(); ++i) {
    const std::string fire = fire_name(i);
    add_keras(table.rules, fire + ".squeeze", fire + "/squeeze1x1");
    add_keras(table.rules, fire + ".expand1x1", fire + "/expand1x1");
    add_keras(table.rules, fire + ".expand3x3", fire + "/expand3x3");
  }
  return table;
}

}  // namespace

SqueezeNetConfig SqueezeNetConfig::from_json(const ConfigReader& reader) {
  const std::string order = reader.text("channel_order", "bgr");
  if (order != "bgr" && order != "rgb") {
    throw Error({.what = fmt::format("channel_order is '{}'", order),
                 .where = reader.where(),
                 .remedy = "known are bgr, rgb"});
  }
  return {.bgr = order == "bgr", .ceil_pools = reader.boolean("ceil_pools", false)};
}

nlohmann::json SqueezeNetConfig::to_json() const {
  return {{"model_type", "squeezenet"},
          {"channel_order", bgr ? "bgr" : "rgb"},
          {"ceil_pools", ceil_pools}};
}

FireImpl::FireImpl(int64_t in, int64_t squeezed, int64_t expanded)
    : squeeze_(register_module("squeeze", relu_conv(in, squeezed, 1, 1, 0))),
      expand1x1_(register_module("expand1x1", relu_conv(squeezed, expanded, 1, 1, 0))),
      expand3x3_(register_module("expand3x3", relu_conv(squeezed, expanded, 3, 1, 1))) {}

Tensor FireImpl::forward(const Tensor& x) {
  const Tensor squeezed = squeeze_(x);
  return torch::cat({expand1x1_(squeezed), expand3x3_(squeezed)}, 1);
}

void FireImpl::freeze(nn::Precision precision) {
  squeeze_->freeze(precision);
  expand1x1_->freeze(precision);
  expand3x3_->freeze(precision);
}

SqueezeNetImpl::SqueezeNetImpl(const SqueezeNetConfig& config)
    : config_(config), conv1_(register_module("conv1", relu_conv(3, kStem, 3, 2, 0))) {
  int64_t width = kStem;
  for (size_t i = 0; i < kFires.size(); ++i) {
    const FireShape& shape = kFires[i];
    fires_.push_back(register_module(fire_name(i), Fire(width, shape.squeezed, shape.expanded)));
    width = 2 * shape.expanded;
  }
}

Tensor SqueezeNetImpl::features(const Tensor& pixels) {
  Tensor x = conv1_(config_.bgr ? pixels.flip({1}) : pixels);
  for (size_t i = 0; i < kFires.size(); ++i) {
    if (kFires[i].pooled) x = at::max_pool2d(x, 3, 2, 0, 1, config_.ceil_pools);
    x = fires_[i](x);
  }
  return x;
}

TowerOutput SqueezeNetImpl::forward(const Tensor& pixels) {
  check_pixels(pixels, kSmallestSide);
  return tower_of_map(features(pixels.to(conv1_->dtype())));
}

void SqueezeNetImpl::freeze(nn::Precision precision) {
  conv1_->freeze(precision);
  for (Fire& fire : fires_) fire->freeze(precision);
}

std::vector<TensorTable> squeezenet_tables() { return {torchvision(), keras()}; }

io::Preprocessing squeezenet_preprocessing() {
  return {.resize = io::Preprocessing::Resize::kExact,
          .height = 227,
          .width = 227,
          .filter = io::ResizeFilter::kBilinear,
          .center_crop = false,
          .rescale = false,
          .mean = {123.68, 116.779, 103.939},
          .std = {1, 1, 1}};
}

}  // namespace relata::models
