#include "relata/models/linear_sites.h"

#include <torch/torch.h>

#include <map>

namespace relata::models {
namespace {

constexpr std::string_view kWeight = ".weight";

bool is_plain(const TensorRule& rule) {
  return rule.shape.empty() && !rule.transposed && !rule.hwio && rule.ours.ends_with(kWeight) &&
         rule.theirs.front().ends_with(kWeight);
}

std::string without_weight(const std::string& name) {
  return name.substr(0, name.size() - kWeight.size());
}

}  // namespace

std::string LinearSite::last_word() const { return name.substr(name.rfind('.') + 1); }

nn::LinearImpl::Lora LinearSite::add_lora(nn::LoraOptions options) const {
  options.begin = begin;
  options.rows = rows;
  layer->add_lora(last_word(), options);
  return layer->loras().back();
}

std::vector<LinearSite> linear_sites(Backbone& backbone) {
  std::map<std::string, nn::LinearImpl*> layers;
  for (const auto& item : backbone.module().named_modules()) {
    if (auto* linear = dynamic_cast<nn::LinearImpl*>(item.value().get()))
      layers[item.key()] = linear;
  }
  std::vector<LinearSite> sites;
  const TensorTable table = backbone.tables().front();
  for (const TensorRule& rule : table.rules) {
    if (!is_plain(rule)) continue;
    const auto found = layers.find(without_weight(rule.ours));
    if (found == layers.end()) continue;
    int64_t begin = 0;
    for (size_t part = 0; part < rule.theirs.size(); ++part) {
      const int64_t rows = rule.rows.empty() ? found->second->out() : rule.rows[part];
      const std::string name = without_weight(rule.theirs[part]);
      sites.push_back({.name = name,
                       .full_name = (rule.unprefixed ? "" : written_prefix(table)) + name,
                       .layer = found->second,
                       .begin = begin,
                       .rows = rows,
                       .head = backbone.decoder() != nullptr && rule.unprefixed});
      begin += rows;
    }
  }
  return sites;
}

bool ends_in_words(std::string_view name, std::string_view ending) {
  if (!name.ends_with(ending)) return false;
  return name.size() == ending.size() || name[name.size() - ending.size() - 1] == '.';
}

}  // namespace relata::models
