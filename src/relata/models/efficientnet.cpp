#include "relata/models/efficientnet.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <array>
#include <nlohmann/json.hpp>

#include "relata/base/error.h"
#include "relata/models/feature_map.h"

namespace relata::models {
namespace {

using torch::Tensor;

constexpr int64_t kStem = 32;
constexpr int64_t kHead = 1280;
constexpr int64_t kSmallestSide = 32;  ///< five strides of 2
constexpr nn::BatchNormOptions kNorm{.epsilon = 1e-3, .momentum = 0.01};

struct Stage {
  int64_t kernel;
  int64_t stride;  ///< of its first block
  int64_t expansion;
  int64_t out;
  int64_t blocks;
};

constexpr std::array<Stage, 7> kLite0{{{3, 1, 1, 16, 1},
                                       {3, 2, 6, 24, 2},
                                       {5, 2, 6, 40, 2},
                                       {3, 2, 6, 80, 3},
                                       {5, 1, 6, 112, 3},
                                       {5, 2, 6, 192, 4},
                                       {3, 1, 6, 320, 1}}};

std::vector<InvertedResidualShape> lite0_blocks() {
  std::vector<InvertedResidualShape> shapes;
  int64_t in = kStem;
  for (const Stage& stage : kLite0) {
    for (int64_t i = 0; i < stage.blocks; ++i) {
      shapes.push_back({.in = in,
                        .out = stage.out,
                        .expansion = stage.expansion,
                        .kernel = stage.kernel,
                        .stride = i == 0 ? stage.stride : 1});
      in = stage.out;
    }
  }
  return shapes;
}

/// With "SAME" padding of a side that `stride` divides: kernel − stride zeros in all, the odd one
/// last.
nn::Conv same_conv(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t groups,
                   nn::Activation activation) {
  const int64_t zeros = kernel - stride;
  return nn::Conv(nn::ConvOptions{.in = in,
                                  .out = out,
                                  .kernel = kernel,
                                  .stride = stride,
                                  .groups = groups,
                                  .before = zeros / 2,
                                  .after = zeros - zeros / 2,
                                  .norm = kNorm,
                                  .activation = activation});
}

void add_conv(std::vector<TensorRule>& rules, const std::string& ours, const std::string& conv,
              const std::string& norm) {
  rules.push_back({.ours = ours + ".weight", .theirs = {conv + ".weight"}});
  for (const char* part : {".weight", ".bias", ".running_mean", ".running_var"})
    rules.push_back({.ours = ours + ".norm" + part, .theirs = {norm + part}});
}

}  // namespace

EfficientNetConfig EfficientNetConfig::from_json(const ConfigReader& reader, bool with_classifier) {
  const std::string variant = reader.text("variant", "lite0");
  if (variant != "lite0") {
    throw Error({.what = fmt::format("the variant '{}' of EfficientNet-Lite is not known", variant),
                 .where = reader.where(),
                 .remedy = "known is lite0"});
  }
  return {.classes = with_classifier ? reader.size("num_labels", 1000) : 0};
}

nlohmann::json EfficientNetConfig::to_json() const {
  nlohmann::json json{{"model_type", "efficientnet-lite"}, {"variant", "lite0"}};
  if (classes > 0) json["num_labels"] = classes;
  return json;
}

InvertedResidualImpl::InvertedResidualImpl(const InvertedResidualShape& shape)
    : shape_(shape), depthwise_(nullptr), project_(nullptr) {
  const int64_t width = shape.expansion * shape.in;
  if (shape.expansion != 1) {
    expand_ =
        register_module("expand", same_conv(shape.in, width, 1, 1, 1, nn::Activation::kRelu6));
  }
  depthwise_ = register_module("depthwise", same_conv(width, width, shape.kernel, shape.stride,
                                                      width, nn::Activation::kRelu6));
  project_ =
      register_module("project", same_conv(width, shape.out, 1, 1, 1, nn::Activation::kIdentity));
}

Tensor InvertedResidualImpl::forward(const Tensor& x) {
  const Tensor expanded = expand_ ? expand_(x) : x;
  const Tensor y = project_(depthwise_(expanded));
  return shape_.has_residual() ? y + x : y;
}

void InvertedResidualImpl::freeze(nn::Precision precision) {
  if (expand_) expand_->freeze(precision);
  depthwise_->freeze(precision);
  project_->freeze(precision);
}

EfficientNetImpl::EfficientNetImpl(const EfficientNetConfig& config)
    : config_(config),
      stem_(register_module("stem", same_conv(3, kStem, 3, 2, 1, nn::Activation::kRelu6))),
      head_(nullptr) {
  const std::vector<InvertedResidualShape> shapes = lite0_blocks();
  for (size_t i = 0; i < shapes.size(); ++i)
    blocks_.push_back(register_module(fmt::format("block{}", i), InvertedResidual(shapes[i])));
  head_ =
      register_module("head", same_conv(shapes.back().out, kHead, 1, 1, 1, nn::Activation::kRelu6));
  if (config.classes > 0)
    classifier_ = register_module("classifier", nn::Linear(kHead, config.classes));
}

TowerOutput EfficientNetImpl::forward(const Tensor& pixels) {
  check_pixels(pixels, kSmallestSide);
  Tensor x = stem_(pixels.to(stem_->dtype()));
  for (InvertedResidual& block : blocks_) x = block(x);
  return tower_of_map(head_(x));
}

Tensor EfficientNetImpl::classify(const Tensor& embedding) {
  if (!classifier_) throw Error({.what = "this EfficientNet has no classifier"});
  return classifier_(embedding);
}

void EfficientNetImpl::freeze(nn::Precision precision, bool embeddings_only) {
  stem_->freeze(precision);
  for (InvertedResidual& block : blocks_) block->freeze(precision);
  head_->freeze(precision);
  if (!classifier_) return;
  if (embeddings_only) {
    unregister_module("classifier");
    classifier_ = nullptr;
  } else {
    // Its input is the mean, which is float32 whatever the map was.
    classifier_->freeze(nn::Precision::kFp32);
  }
}

std::vector<TensorTable> efficientnet_tables(const EfficientNetConfig& config) {
  TensorTable table{.naming = "lukemelas",
                    .rules = {},
                    .prefixes = {"", "module."},
                    .ignored = {"*num_batches_tracked"}};
  add_conv(table.rules, "stem", "_conv_stem", "_bn0");
  const std::vector<InvertedResidualShape> shapes = lite0_blocks();
  for (size_t i = 0; i < shapes.size(); ++i) {
    const std::string ours = fmt::format("block{}.", i);
    const std::string theirs = fmt::format("_blocks.{}.", i);
    if (shapes[i].expansion != 1)
      add_conv(table.rules, ours + "expand", theirs + "_expand_conv", theirs + "_bn0");
    add_conv(table.rules, ours + "depthwise", theirs + "_depthwise_conv", theirs + "_bn1");
    add_conv(table.rules, ours + "project", theirs + "_project_conv", theirs + "_bn2");
  }
  add_conv(table.rules, "head", "_conv_head", "_bn1");
  if (config.classes > 0) add_layer(table.rules, "classifier", "_fc");
  if (config.classes == 0) table.ignored.emplace_back("_fc.*");
  return {table};
}

io::Preprocessing efficientnet_preprocessing() {
  return {.shortest_edge = 256,
          .filter = io::ResizeFilter::kBicubic,
          .crop_height = 224,
          .crop_width = 224,
          .rescale = false,
          .mean = {127, 127, 127},
          .std = {128, 128, 128}};
}

}  // namespace relata::models
