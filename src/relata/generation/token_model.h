// What a decoding loop needs of a language model: logits of the next token, and a memory of the
// tokens so far.
#pragma once

#include <torch/types.h>

namespace relata::generation {

class TokenModel {
 public:
  virtual ~TokenModel() = default;
  /// Forgets what was, and reads the prompts. ids [batch, tokens] int64, mask [batch, tokens] bool,
  /// true at real tokens, which end each row (padding in front). Logits of what follows, [batch,
  /// vocabulary] float32.
  virtual torch::Tensor start(const torch::Tensor& ids, const torch::Tensor& mask) = 0;
  /// One more token a row, [batch] int64 → [batch, vocabulary] float32
  virtual torch::Tensor next(const torch::Tensor& tokens) = 0;
  /// Goes on with the rows of the batch that `rows` [batch'] int64 names, in that order.
  virtual void select(const torch::Tensor& rows) = 0;
  /// Tokens, prompt included, that it has positions for.
  virtual int64_t longest() const = 0;
};

}  // namespace relata::generation
