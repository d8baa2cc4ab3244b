// Adapters in PEFT's layout: https://github.com/huggingface/peft, versions 0.5 to 0.21.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/torch.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <set>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/io/dtype.h"
#include "relata/io/json.h"
#include "relata/models/adapter.h"
#include "relata/models/config_reader.h"
#include "relata/models/linear_sites.h"
#include "relata/models/llama.h"
#include "relata/nn/foreign_file.h"

namespace relata::models {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using nn::NamedTensors;
using torch::Tensor;

constexpr std::string_view kConfigFile = "adapter_config.json";
constexpr std::string_view kRoot = "base_model.model.";
constexpr std::string_view kA = ".lora_A.weight";
constexpr std::string_view kB = ".lora_B.weight";
constexpr std::string_view kNoDecoder = "takes no virtual tokens: it is no decoder";
constexpr std::string_view kVirtualTokens = "prompt_embeddings";

ConfigReader read_config(const fs::path& folder) {
  const fs::path path = folder / kConfigFile;
  return {io::parse_json_strict(read_file(path), path.string()), path.string()};
}

NamedTensors read_tensors(const fs::path& folder) {
  for (const char* name : {"adapter_model.safetensors", "adapter_model.bin"}) {
    if (fs::is_regular_file(folder / name)) return nn::map_foreign(folder / name);
  }
  throw Error({.what = "no adapter_model.safetensors", .where = folder.string()});
}

// ---- LoRA, read

/// Variants of LoRA whose forward pass is another one.
void refuse_variants(const ConfigReader& config) {
  constexpr std::array kSwitches{"use_dora", "lora_bias", "use_qalora", "use_bdlora"};
  constexpr std::array kSettings{"layer_replication", "alora_invocation_tokens",
                                 "target_parameters", "trainable_token_indices",
                                 "monteclora_config", "kasa_config",
                                 "arrow_config"};
  std::vector<std::string> found;
  for (const char* key : kSwitches) {
    if (config.boolean(key, false)) found.emplace_back(key);
  }
  for (const char* key : kSettings) {
    if (config.has(key)) found.emplace_back(key);
  }
  if (found.empty()) return;
  throw Error(
      {.what = fmt::format("a variant of LoRA that is not known: {}", fmt::join(found, ", ")),
       .where = config.where()});
}

/// `lora_alpha`, unless `alpha_pattern` has a pattern for the layer; the first that matches counts.
class Alphas {
 public:
  explicit Alphas(const ConfigReader& config, const fs::path& folder)
      : usual_(config.number("lora_alpha", 8)) {
    if (!config.has("alpha_pattern")) return;
    // The order of the file matters here.
    const auto ordered = nlohmann::ordered_json::parse(read_file(folder / kConfigFile));
    for (const auto& [pattern, alpha] : ordered.at("alpha_pattern").items()) {
      if (!alpha.is_number())
        throw Error({.what = "'" + pattern + "' has no number", .where = config.where()});
      patterns_.emplace_back(compiled(pattern, config.where()), alpha.get<double>());
    }
  }

  double of(const std::string& layer) const {
    for (const auto& [pattern, alpha] : patterns_) {
      if (std::regex_match(layer, pattern)) return alpha;
    }
    return usual_;
  }

 private:
  static std::regex compiled(const std::string& pattern, const std::string& where) {
    constexpr size_t kLongest = 500;
    try {
      if (pattern.size() > kLongest) throw std::regex_error(std::regex_constants::error_complexity);
      return std::regex("(.*\\.)?(" + pattern + ")");
    } catch (const std::regex_error&) {
      throw Error({.what = "the pattern '" + pattern + "' cannot be read", .where = where});
    }
  }

  double usual_;
  std::vector<std::pair<std::regex, double>> patterns_;
};

/// The two tensors of one layer, and the layer as the file calls it.
struct Pair {
  std::string file_name;
  Tensor a, b;
};

/// What a file of LoRA holds, sorted.
struct LoraFile {
  std::map<std::string, Pair> pairs;  ///< by the layer's plain name
  NamedTensors whole;                 ///< tensors that were trained themselves
};

std::string without(std::string name, std::string_view part) {
  if (const size_t at = name.find(part); at != std::string::npos) name.erase(at, part.size());
  return name;
}

LoraFile sorted(const NamedTensors& tensors, const TensorTable& table) {
  LoraFile file;
  for (const auto& [key, tensor] : tensors) {
    const std::string name = key.starts_with(kRoot) ? key.substr(kRoot.size()) : key;
    const bool is_a = name.ends_with(kA);
    if (!is_a && !name.ends_with(kB)) {
      file.whole[without(without(name, ".base_layer"), ".modules_to_save")] = tensor;
      continue;
    }
    const std::string layer = name.substr(0, name.size() - kA.size());
    // Older spellings are known by the names of tensors.
    const std::string plain = without(plain_name(table, layer + ".weight"), ".weight");
    Pair& pair = file.pairs[plain];
    pair.file_name = layer;
    (is_a ? pair.a : pair.b) = tensor;
  }
  return file;
}

/// What keeps a pair from fitting the layer; empty if nothing does.
std::string fault_of(const Pair& pair, const LinearSite* site) {
  const std::string& name = pair.file_name;
  if (site == nullptr) return fmt::format("no layer '{}'", name);
  if (!pair.a.defined() || !pair.b.defined())
    return fmt::format("'{}' has {} alone", name, pair.a.defined() ? "A" : "B");
  const std::vector<int64_t> a{pair.a.dim() == 2 ? pair.a.size(0) : -1, site->layer->in()};
  const std::vector<int64_t> b{site->rows, a[0]};
  if (pair.a.sizes() != at::IntArrayRef(a) || pair.b.sizes() != at::IntArrayRef(b) || a[0] < 1) {
    return fmt::format("'{}' has A {} and B {}, but the layer is [{}, {}]", name,
                       io::shape_text(pair.a.sizes().vec()), io::shape_text(pair.b.sizes().vec()),
                       site->rows, site->layer->in());
  }
  if (!pair.a.is_floating_point() || !pair.b.is_floating_point() ||
      !pair.a.isfinite().all().item<bool>() || !pair.b.isfinite().all().item<bool>())
    return fmt::format("'{}' holds what are no finite numbers", name);
  return {};
}

void load_lora(Backbone& backbone, const fs::path& folder, const ConfigReader& config) {
  refuse_variants(config);
  const TensorTable table = backbone.tables().front();
  const LoraFile file = sorted(read_tensors(folder), table);
  std::map<std::string, LinearSite> sites;
  for (LinearSite& site : linear_sites(backbone)) sites.emplace(site.name, site);

  std::vector<std::string> faults;
  for (const auto& [name, pair] : file.pairs) {
    const auto site = sites.find(name);
    const std::string fault = fault_of(pair, site == sites.end() ? nullptr : &site->second);
    if (!fault.empty()) faults.push_back(fault);
  }
  if (file.pairs.empty()) faults.emplace_back("there is none");
  if (!faults.empty()) {
    throw Error({.what = fmt::format("the adapter's tensors do not fit the model: {}",
                                     fmt::join(faults, ", ")),
                 .where = folder.string()});
  }
  assign_some(table, nn::tensors_of(backbone.module()), file.whole, folder.string());

  const Alphas alphas(config, folder);
  nn::fix_parameters(backbone.module());
  const torch::NoGradGuard no_grad;
  for (const auto& [name, pair] : file.pairs) {
    nn::LinearImpl::Lora lora =
        sites.at(name).add_lora({.rank = pair.a.size(0),
                                 .alpha = alphas.of(pair.file_name),
                                 .dropout = config.number("lora_dropout", 0),
                                 .rslora = config.boolean("use_rslora", false)});
    lora.a.copy_(pair.a);
    lora.b.copy_(pair.b);
  }
}

// ---- LoRA, written

struct Adapted {
  LinearSite site;
  nn::LinearImpl::Lora lora;
};

std::vector<Adapted> adapted_sites(Backbone& backbone) {
  std::vector<Adapted> adapted;
  for (const LinearSite& site : linear_sites(backbone)) {
    for (const auto& lora : site.layer->loras()) {
      if (lora.name == site.last_word() && lora.options.begin == site.begin)
        adapted.push_back({site, lora});
    }
  }
  return adapted;
}

/// Words that mean exactly the layers that have an adapter; where there are none, full names.
std::vector<std::string> targets_of(const std::vector<Adapted>& adapted, Backbone& backbone) {
  std::map<std::string, int64_t> open;  // layers of that last word without an adapter
  for (const LinearSite& site : linear_sites(backbone)) ++open[site.last_word()];
  for (const Adapted& one : adapted) --open[one.site.last_word()];
  std::set<std::string> targets;
  for (const Adapted& one : adapted) {
    const std::string word = one.site.last_word();
    targets.insert(open.at(word) == 0 ? word : one.site.full_name);
  }
  return {targets.begin(), targets.end()};
}

json lora_config(const std::vector<Adapted>& adapted, Backbone& backbone) {
  const nn::LoraOptions& usual = adapted.front().lora.options;
  json ranks = json::object();
  json alphas = json::object();
  for (const Adapted& one : adapted) {
    if (one.lora.options.rank != usual.rank) ranks[one.site.full_name] = one.lora.options.rank;
    if (one.lora.options.alpha != usual.alpha) alphas[one.site.full_name] = one.lora.options.alpha;
  }
  return {{"peft_type", "LORA"},
          {"r", usual.rank},
          {"lora_alpha", usual.alpha},
          {"lora_dropout", usual.dropout},
          {"use_rslora", usual.rslora},
          {"rank_pattern", ranks},
          {"alpha_pattern", alphas},
          {"target_modules", targets_of(adapted, backbone)},
          {"bias", "none"},
          {"fan_in_fan_out", false},
          {"modules_to_save", nullptr}};
}

// ---- virtual tokens

/// [tokens, width] in float32. Throws Error for anything else.
Tensor virtual_rows(const fs::path& folder, int64_t width) {
  const NamedTensors tensors = read_tensors(folder);
  const auto found = tensors.find(std::string(kVirtualTokens));
  const bool fits = found != tensors.end() && tensors.size() == 1 && found->second.dim() == 2 &&
                    found->second.size(0) > 0 && found->second.size(1) == width &&
                    found->second.is_floating_point();
  if (fits && found->second.isfinite().all().item<bool>()) return found->second.to(torch::kFloat32);
  const std::string there =
      found == tensors.end() ? "none" : io::shape_text(found->second.sizes().vec());
  throw Error({.what = fmt::format("'{}' must be finite numbers, [tokens, {}], and is {}",
                                   kVirtualTokens, width, there),
               .where = folder.string()});
}

void load_prefix(LlamaImpl& decoder, const fs::path& folder) {
  const LlamaConfig& config = decoder.config();
  const Tensor rows = virtual_rows(folder, config.layers * 2 * config.groups * config.head_width);
  const torch::NoGradGuard no_grad;
  decoder.add_prefix(rows.size(0))->embedding.copy_(rows);
}

void load_prompt(LlamaImpl& decoder, const fs::path& folder) {
  const Tensor rows = virtual_rows(folder, decoder.config().width);
  const torch::NoGradGuard no_grad;
  decoder.add_prompt(rows.size(0))->embedding.copy_(rows);
}

json virtual_config(LlamaImpl& decoder) {
  const LlamaConfig& config = decoder.config();
  const bool prefix = static_cast<bool>(decoder.prefix());
  json content{{"peft_type", prefix ? "PREFIX_TUNING" : "PROMPT_TUNING"},
               {"task_type", "CAUSAL_LM"},
               {"num_virtual_tokens", decoder.virtual_tokens()},
               {"num_transformer_submodules", 1},
               {"num_attention_heads", prefix ? config.groups : config.heads},
               {"num_layers", config.layers},
               {"token_dim", prefix ? config.groups * config.head_width : config.width}};
  if (prefix) {
    content["prefix_projection"] = false;  // what is written is what the network made
    content["encoder_hidden_size"] = content["token_dim"];
  } else {
    content["prompt_tuning_init"] = "RANDOM";
  }
  return content;
}

/// The adapter's tensors and its configuration.
std::pair<NamedTensors, json> content_of(Backbone& backbone) {
  LlamaImpl* decoder = backbone.decoder();
  if (decoder != nullptr && decoder->virtual_tokens() > 0) {
    const Tensor rows = decoder->prefix() ? decoder->prefix()->all() : decoder->prompt()->embedding;
    return {{{std::string(kVirtualTokens), rows.detach()}}, virtual_config(*decoder)};
  }
  const std::vector<Adapted> adapted = adapted_sites(backbone);
  if (adapted.empty()) throw Error({.what = "the model has no adapter"});
  NamedTensors tensors;
  for (const auto& [site, lora] : adapted) {
    tensors[fmt::format("{}{}{}", kRoot, site.full_name, kA)] = lora.a.detach();
    tensors[fmt::format("{}{}{}", kRoot, site.full_name, kB)] = lora.b.detach();
  }
  return {tensors, lora_config(adapted, backbone)};
}

}  // namespace

void load_adapter(Backbone& backbone, const fs::path& folder) {
  const ConfigReader config = read_config(folder);
  const std::string kind = config.text("peft_type", "");
  if (kind == "LORA") return load_lora(backbone, folder, config);
  if (kind == "PREFIX_TUNING")
    return load_prefix(backbone.require_decoder(kNoDecoder, config.where()), folder);
  if (kind == "PROMPT_TUNING")
    return load_prompt(backbone.require_decoder(kNoDecoder, config.where()), folder);
  throw Error({.what = "an adapter of type '" + kind + "' is not known",
               .where = config.where(),
               .remedy = "known are LORA, PREFIX_TUNING, PROMPT_TUNING"});
}

void save_adapter(Backbone& backbone, const fs::path& folder, const std::string& base) {
  auto [tensors, config] = content_of(backbone);
  config["base_model_name_or_path"] = base;
  config["inference_mode"] = true;
  write_folder(folder, [&](const fs::path& into) {
    write_file(into / kConfigFile, config.dump(2) + "\n");
    nn::save_tensors(into / "adapter_model.safetensors", tensors, {{"format", "pt"}});
  });
}

bool is_adapter(const fs::path& folder) {
  return fs::is_regular_file(folder / kConfigFile) && !fs::exists(folder / "config.json");
}

}  // namespace relata::models
