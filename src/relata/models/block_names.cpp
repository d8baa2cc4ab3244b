#include "relata/models/block_names.h"

namespace relata::models {
namespace {

std::vector<std::string> with_ending(std::vector<std::string> names, const std::string& ending) {
  for (std::string& name : names) name += ending;
  return names;
}

}  // namespace

void add_block(std::vector<TensorRule>& rules, const std::string& ours, const BlockNames& names,
               const nn::BlockOptions& options) {
  const int64_t q = options.heads * options.resolved_head_width();
  const int64_t kv = options.resolved_groups() * options.resolved_head_width();
  const bool apart = names.qkv.size() == 3;
  const std::vector<int64_t> qkv_rows = apart ? std::vector{q, kv, kv} : std::vector<int64_t>{};
  const std::vector<int64_t> up_rows =
      options.gated ? std::vector{options.hidden, options.hidden} : std::vector<int64_t>{};
  const auto add = [&](const std::string& name, std::vector<std::string> theirs,
                       const std::vector<int64_t>& part_rows) {
    rules.push_back({.ours = ours + "." + name, .theirs = std::move(theirs), .rows = part_rows});
  };
  add("attention.qkv.weight", with_ending(names.qkv, names.qkv_weight), qkv_rows);
  if (options.qkv_bias) add("attention.qkv.bias", with_ending(names.qkv, names.qkv_bias), qkv_rows);
  add("mlp.up.weight", with_ending(names.up, ".weight"), up_rows);
  if (options.mlp_bias) add("mlp.up.bias", with_ending(names.up, ".bias"), up_rows);
  add_layer(rules, ours + ".attention.out", names.out, options.out_bias);
  add_layer(rules, ours + ".mlp.down", names.down, options.mlp_bias);
  const bool norm_bias = options.norm == nn::NormKind::kLayer;
  add_layer(rules, ours + ".norm1", names.norm1, norm_bias);
  add_layer(rules, ours + ".norm2", names.norm2, norm_bias);
}

}  // namespace relata::models
