#include "relata/train/loss_parts.h"

#include <algorithm>
#include <utility>

namespace relata::train {

void LossParts::add(std::string name, torch::Tensor sum, Scale scale) {
  items_.push_back({.name = std::move(name),
                    .sum = std::move(sum),
                    .count = scale.count,
                    .weight = scale.weight});
}

void LossParts::append(const LossParts& other) {
  items_.insert(items_.end(), other.items_.begin(), other.items_.end());
}

torch::Tensor LossParts::total() const {
  torch::Tensor total;
  for (const LossPart& part : items_) {
    if (part.count == 0) continue;
    const torch::Tensor term = part.sum * (part.weight / part.count);
    total = total.defined() ? total + term : term;
  }
  return total;
}

void add_value(std::vector<PartValue>& values, const PartValue& value) {
  const auto found = std::find_if(values.begin(), values.end(),
                                  [&](const PartValue& v) { return v.name == value.name; });
  if (found == values.end()) {
    values.push_back(value);
    return;
  }
  found->sum += value.sum;
  found->count += value.count;
}

}  // namespace relata::train
