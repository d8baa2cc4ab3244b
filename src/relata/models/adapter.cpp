#include "relata/models/adapter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/torch.h>

#include <algorithm>
#include <set>

#include "relata/base/error.h"
#include "relata/models/linear_sites.h"
#include "relata/models/llama.h"

namespace relata::models {
namespace {

constexpr std::string_view kAllLinear = "all-linear";

bool is_meant(const LinearSite& site, std::string_view target) {
  return target == kAllLinear ? !site.head : ends_in_words(site.name, target);
}

[[noreturn]] void refuse_target(const std::string& target, const std::vector<LinearSite>& sites) {
  std::set<std::string> words;
  for (const LinearSite& site : sites) words.insert(site.last_word());
  throw Error({.what = "the model has no linear layer whose name ends in '" + target + "'",
               .where = "target_modules",
               .remedy = fmt::format("there are {}, all-linear", fmt::join(words, ", "))});
}

}  // namespace

void add_lora(Backbone& backbone, const LoraSettings& settings) {
  const std::vector<LinearSite> sites = linear_sites(backbone);
  std::vector<bool> meant(sites.size(), false);
  for (const std::string& target : settings.targets) {
    bool found = false;
    for (size_t i = 0; i < sites.size(); ++i) {
      if (!is_meant(sites[i], target)) continue;
      found = meant[i] = true;
    }
    if (!found) refuse_target(target, sites);
  }
  nn::fix_parameters(backbone.module());
  for (size_t i = 0; i < sites.size(); ++i) {
    if (!meant[i]) continue;
    sites[i].add_lora({.rank = settings.rank,
                       .alpha = settings.alpha,
                       .dropout = settings.dropout,
                       .rslora = settings.rslora});
  }
}

void merge_adapters(Backbone& backbone) {
  for (const LinearSite& site : linear_sites(backbone)) site.layer->merge();
}

void unmerge_adapters(Backbone& backbone) {
  for (const LinearSite& site : linear_sites(backbone)) site.layer->unmerge();
}

bool has_adapter(Backbone& backbone) {
  LlamaImpl* decoder = backbone.decoder();
  if (decoder != nullptr && decoder->virtual_tokens() > 0) return true;
  return std::ranges::any_of(linear_sites(backbone), [](const LinearSite& site) {
    return !site.layer->loras().empty() && !site.layer->merged();
  });
}

}  // namespace relata::models
