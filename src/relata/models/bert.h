// BERT and RoBERTa encoders. Sources: Devlin et al., NAACL 2019; Liu et al., 2019.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "relata/models/config_reader.h"
#include "relata/models/tensor_table.h"
#include "relata/models/tower.h"
#include "relata/nn/transformer.h"

namespace relata::models {

/// How the vectors of a text's tokens become one.
enum class Pooling { kMean, kFirst, kMax };

struct BertConfig {
  bool roberta =
      false;  ///< positions are counted over tokens that are not padding, from pad_id + 1
  int64_t width = 768;
  int64_t layers = 12;
  int64_t heads = 12;
  int64_t hidden = 3072;
  int64_t vocabulary = 30522;
  int64_t positions = 512;  ///< rows of the table; a RoBERTa text has pad_id + 1 fewer
  int64_t types = 2;
  int64_t pad_id = 0;
  nn::Activation activation = nn::Activation::kGelu;
  double epsilon = 1e-12;
  double dropout = 0;  ///< in training mode; of the published models 0.1
  double attention_dropout = 0;
  bool pooler = false;  ///< tanh(dense(first token))
  Pooling pooling = Pooling::kMean;
  bool normalise = false;   ///< embeddings are divided by their length
  int64_t most_tokens = 0;  ///< that the model was trained on; 0: as many as there are positions

  /// From a config.json of type bert, roberta, xlm-roberta or camembert.
  static BertConfig from_json(const ConfigReader& reader);
  nlohmann::json to_json() const;
  nn::BlockOptions block() const;
  /// Tokens that there are positions for.
  int64_t longest_text() const { return roberta ? positions - pad_id - 1 : positions; }
};

class BertImpl : public torch::nn::Module {
 public:
  explicit BertImpl(const BertConfig& config);
  /// ids [batch, tokens] int64; mask [batch, tokens], true at real tokens, undefined: all are;
  /// types [batch, tokens] int64, undefined: 0. `pooled` is the pooler's output, undefined without
  /// one; `embedding` is pooled as the configuration says, over real tokens.
  TowerOutput forward(const torch::Tensor& ids, const torch::Tensor& mask = {},
                      const torch::Tensor& types = {}, const nn::TransformerRun& run = {});
  void freeze(nn::Precision precision);
  const BertConfig& config() const { return config_; }

 private:
  /// Of what goes into the layers.
  torch::Dtype dtype() const { return packed_.value_or(words_.scalar_type()); }
  torch::Tensor embedded(const torch::Tensor& ids, const torch::Tensor& types);

  BertConfig config_;
  torch::Tensor words_;
  torch::Tensor positions_;
  torch::Tensor types_;
  nn::Norm norm_;
  nn::Transformer layers_;
  nn::Linear pooler_{nullptr};
  std::optional<torch::Dtype> packed_;  ///< dtype of the layers once frozen
};
TORCH_MODULE(Bert);

std::vector<TensorTable> bert_tables(const BertConfig& config);

}  // namespace relata::models
