#include "relata/data/batch.h"

namespace relata::data {
namespace {

using NamedTensors = std::map<std::string, torch::Tensor>;

NamedTensors concatenate_named(std::span<const Batch> batches, NamedTensors Rows::* member) {
  NamedTensors joined;
  for (const auto& [name, first] : batches.front().rows.*member) {
    std::vector<torch::Tensor> parts;
    for (const Batch& batch : batches) parts.push_back((batch.rows.*member).at(name));
    joined[name] = torch::cat(parts);
  }
  return joined;
}

}  // namespace

Rows concatenate(std::span<const Batch> batches) {
  if (batches.empty()) return {};
  if (batches.size() == 1) return batches.front().rows;
  Rows joined;
  for (const Batch& batch : batches) {
    const Rows& rows = batch.rows;
    joined.numbers.insert(joined.numbers.end(), rows.numbers.begin(), rows.numbers.end());
    joined.ids.insert(joined.ids.end(), rows.ids.begin(), rows.ids.end());
    joined.groups.insert(joined.groups.end(), rows.groups.begin(), rows.groups.end());
  }
  joined.labels = concatenate_named(batches, &Rows::labels);
  joined.present = concatenate_named(batches, &Rows::present);
  joined.references = concatenate_named(batches, &Rows::references);
  return joined;
}

}  // namespace relata::data
