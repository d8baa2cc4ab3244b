#include "relata/nn/mlp.h"

namespace relata::nn {

torch::nn::Linear xavier_linear(int64_t in, int64_t out) {
  torch::nn::Linear linear(in, out);
  torch::nn::init::xavier_normal_(linear->weight);
  torch::nn::init::zeros_(linear->bias);
  return linear;
}

MlpImpl::MlpImpl(const MlpShape& shape)
    : hidden_(register_module("hidden", xavier_linear(shape.in, shape.hidden))),
      out_(register_module("out", xavier_linear(shape.hidden, shape.out))),
      dropout_(shape.dropout) {}

torch::Tensor MlpImpl::forward(const torch::Tensor& x) {
  torch::Tensor h = hidden_(x).relu_();  // in place: ReLU's backward needs its output alone
  if (dropout_ > 0) h = torch::dropout(h, dropout_, is_training());
  return out_(h);
}

}  // namespace relata::nn
