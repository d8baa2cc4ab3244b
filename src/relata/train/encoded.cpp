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

/// Tokens of the longest local of these parts, 0 if there are no locals.
int64_t longest_local(const std::vector<EncodedRole>& parts) {
  int64_t longest = 0;
  for (const EncodedRole& part : parts) {
    if (part.local.defined()) longest = std::max(longest, part.local.size(1));
  }
  return longest;
}

/// An undefined mask says that every token counts; padding does not.
torch::Tensor mask_of(const EncodedRole& part) {
  if (part.mask.defined()) return part.mask;
  return torch::ones({part.local.size(0), part.local.size(1)},
                     part.local.options().dtype(torch::kBool).requires_grad(false));
}

bool needs_mask(const std::vector<EncodedRole>& parts, int64_t tokens) {
  return std::any_of(parts.begin(), parts.end(), [&](const EncodedRole& part) {
    return part.mask.defined() || part.local.size(1) < tokens;
  });
}

torch::Tensor present_of(const EncodedRole& part) {
  if (part.present.defined()) return part.present;
  const torch::Tensor& values = part.global.defined() ? part.global : part.local;
  return torch::ones({values.size(0)}, values.options().dtype(torch::kBool).requires_grad(false));
}

EncodedRole joined(const std::vector<EncodedRole>& parts) {
  std::vector<torch::Tensor> global, local, mask, present;
  const int64_t tokens = longest_local(parts);
  for (const EncodedRole& part : parts) {
    if (part.global.defined()) global.push_back(part.global);
    present.push_back(present_of(part));
    if (!part.local.defined()) continue;
    local.push_back(padded(part.local, tokens));
    mask.push_back(padded(mask_of(part), tokens));
  }
  const bool some_absent = std::any_of(parts.begin(), parts.end(),
                                       [](const EncodedRole& p) { return p.present.defined(); });
  EncodedRole whole;
  if (!global.empty()) whole.global = torch::cat(global);
  if (!local.empty()) whole.local = torch::cat(local);
  if (!local.empty() && needs_mask(parts, tokens)) whole.mask = torch::cat(mask);
  if (some_absent) whole.present = torch::cat(present);
  return whole;
}

}  // namespace

void Encoded::add(std::string name, EncodedRole role) {
  items_.emplace_back(std::move(name), std::move(role));
}

const EncodedRole& Encoded::operator[](std::string_view name) const {
  for (const auto& [role, value] : items_) {
    if (role == name) return value;
  }
  throw Error({.what = "nothing was encoded under the name '" + std::string(name) + "'"});
}

Encoded concatenate(const std::vector<Encoded>& parts) {
  Encoded whole;
  for (const auto& [name, first] : parts.front().items()) {
    std::vector<EncodedRole> same;
    for (const Encoded& part : parts) same.push_back(part[name]);
    whole.add(name, joined(same));
  }
  return whole;
}

}  // namespace relata::train
