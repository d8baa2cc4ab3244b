// SqueezeNet 1.1 without its classifier: 512 features of a picture. Source: Iandola et al., 2016
// (arXiv:1602.07360), and the authors' release v1.1.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "relata/io/image/preprocessing.h"
#include "relata/models/config_reader.h"
#include "relata/models/tensor_table.h"
#include "relata/models/tower.h"
#include "relata/nn/conv.h"

namespace relata::models {

/// The published weights differ in what they were trained with, not in their shapes. The defaults
/// are those of the Keras port; torchvision's weights are {.bgr = false, .ceil_pools = true}.
struct SqueezeNetConfig {
  bool bgr = true;          ///< the first kernel's channels are blue, green, red
  bool ceil_pools = false;  ///< pooling also where its window reaches over the edge

  /// From "channel_order" ("bgr" or "rgb") and "ceil_pools". Throws Error for another order.
  static SqueezeNetConfig from_json(const ConfigReader& reader);
  nlohmann::json to_json() const;
};

/// squeeze 1×1, then expand 1×1 and expand 3×3 side by side, each with ReLU.
class FireImpl : public torch::nn::Module {
 public:
  FireImpl(int64_t in, int64_t squeezed, int64_t expanded);
  /// [batch, in, height, width] → [batch, 2 · expanded, height, width]
  torch::Tensor forward(const torch::Tensor& x);
  void freeze(nn::Precision precision);

 private:
  nn::Conv squeeze_;
  nn::Conv expand1x1_;
  nn::Conv expand3x3_;
};
TORCH_MODULE(Fire);

class SqueezeNetImpl : public torch::nn::Module {
 public:
  explicit SqueezeNetImpl(const SqueezeNetConfig& config = {});
  /// pixels [batch, 3, height, width]: red, green, blue planes as io::Preprocessing gives them; the
  /// module itself turns them to BGR where the weights want it. `tokens` [batch, rows · columns,
  /// 512], row by row; `embedding` and `pooled` their mean. Throws Error for sides below 31.
  TowerOutput forward(const torch::Tensor& pixels);
  void freeze(nn::Precision precision);
  const SqueezeNetConfig& config() const { return config_; }

 private:
  torch::Tensor features(const torch::Tensor& pixels);

  SqueezeNetConfig config_;
  nn::Conv conv1_;
  std::vector<Fire> fires_;
};
TORCH_MODULE(SqueezeNet);

/// torchvision, Keras.
std::vector<TensorTable> squeezenet_tables();

/// For the Keras weights: from 0..255 the means (123.68, 116.779, 103.939) of red, green and blue
/// are subtracted (Keras's `preprocess_input` in mode "caffe"). 227 × 227 is the side that users of
/// the port keras-squeezenet load pictures at; the filter, bilinear, is our choice.
io::Preprocessing squeezenet_preprocessing();

}  // namespace relata::models
