#include "relata/train/encoded.h"

#include <algorithm>

#include "relata/base/error.h"

namespace relata::train {
namespace {

/// `x` [items, tokens, …] with zeros appended up to `tokens`.
torch::Tensor padded(const torch::Tensor& x, int64_t tokens) {
  if (x.size(1) == tokens) return x;
  std::vector<int64_t> shape = x.sizes().vec();
  shape[1] = tokens - x.size(1);
  return torch::cat({x, torch::zeros(shape, x.options())}, /*dim=*/1);
}

torch::Tensor joined(const std::vector<torch::Tensor>& parts, bool pad) {
  if (!parts.front().defined()) return {};
  if (!pad) return torch::cat(parts);
  int64_t longest = 0;
  for (const torch::Tensor& part : parts) longest = std::max(longest, part.size(1));
  std::vector<torch::Tensor> same;
  for (const torch::Tensor& part : parts) same.push_back(padded(part, longest));
  return torch::cat(same);
}

}  // namespace

void Encoded::add(std::string name, EncodedRole role) {
  items_.emplace_back(std::move(name), std::move(role));
}

bool Encoded::contains(std::string_view name) const {
  return std::any_of(items_.begin(), items_.end(),
                     [&](const auto& item) { return item.first == name; });
}

const EncodedRole& Encoded::operator[](std::string_view name) const {
  for (const auto& [role, value] : items_) {
    if (role == name) return value;
  }
  throw Error({.what = "nothing was encoded under the name '" + std::string(name) + "'"});
}

Encoded concatenate(const std::vector<Encoded>& parts) {
  Encoded whole;
  for (size_t i = 0; i < parts.front().items().size(); ++i) {
    const auto collect = [&](torch::Tensor EncodedRole::* member) {
      std::vector<torch::Tensor> tensors;
      for (const Encoded& part : parts) tensors.push_back(part.items()[i].second.*member);
      return tensors;
    };
    whole.add(parts.front().items()[i].first,
              {.global = joined(collect(&EncodedRole::global), false),
               .local = joined(collect(&EncodedRole::local), true),
               .mask = joined(collect(&EncodedRole::mask), true),
               .present = joined(collect(&EncodedRole::present), false)});
  }
  return whole;
}

}  // namespace relata::train
