#include "relata/models/encoder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/torch.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/base/hash.h"
#include "relata/io/json.h"
#include "relata/models/model_tokenizer.h"

namespace relata::models {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using torch::Tensor;

// A pass is worth its overhead from a few thousand tokens on; more only costs memory.
constexpr int64_t kTokensAPass = 4096;
constexpr int64_t kTextsAPass = 64;

std::optional<io::Preprocessing> read_preprocessing(const fs::path& folder) {
  const fs::path path = folder / "preprocessor_config.json";
  if (!fs::is_regular_file(path)) return std::nullopt;
  return io::Preprocessing::from_json(io::parse_json_strict(read_file(path), path.string()),
                                      path.string());
}

/// XXH3 of the tokenizer's files.
std::string hash_of_tokenizer(const fs::path& folder) {
  Hasher hasher;
  for (const char* name :
       {"tokenizer.json", "vocab.json", "merges.txt", "vocab.txt", "bpe_simple_vocab_16e6.txt.gz",
        "tokenizer_config.json", "special_tokens_map.json"}) {
    if (fs::is_regular_file(folder / name)) hasher.add(name).add(read_file(folder / name));
  }
  return hasher.hex();
}

}  // namespace

std::string_view role_name(Role role) { return role == Role::kImage ? "image" : "text"; }

Encoder::Encoder(const fs::path& folder, const EncoderOptions& options)
    : backbone_(load_backbone(folder)), options_(options) {
  if (roles().empty()) {
    throw Error({.what = "a model of type " + backbone_->model_type() + " gives no embeddings",
                 .where = folder.string()});
  }
  weights_hash_ = nn::tensor_hash(nn::tensors_of(backbone_->module()));
  if (backbone_->encodes_texts()) {
    tokenizer_ = load_tokenizer(folder, *backbone_);
    tokenizer_hash_ = hash_of_tokenizer(folder);
  }
  if (backbone_->encodes_images()) {
    preprocessing_ = read_preprocessing(folder);
    if (!preprocessing_) {
      throw Error({.what = "no preprocessor_config.json",
                   .where = folder.string(),
                   .remedy = "copy the one that was published with the model"});
    }
  }
  backbone_->freeze(options.precision, /*embeddings_only=*/true);
}

std::vector<Role> Encoder::roles() const {
  std::vector<Role> roles;
  if (backbone_->encodes_images()) roles.push_back(Role::kImage);
  if (backbone_->encodes_texts()) roles.push_back(Role::kText);
  return roles;
}

void Encoder::require(Role role) const {
  std::vector<std::string_view> names;
  for (const Role there : roles()) {
    if (there == role) return;
    names.push_back(role_name(there));
  }
  throw Error({.what = fmt::format("a model of type {} encodes no {}", backbone_->model_type(),
                                   role == Role::kImage ? "pictures" : "texts"),
               .remedy = fmt::format("it encodes {}", fmt::join(names, " and "))});
}

std::string Encoder::hash(Role role) const {
  Hasher hasher;
  hasher.add(weights_hash_).add(backbone_->config().dump());
  hasher.add(options_.precision == nn::Precision::kBf16 ? "bf16" : "fp32");
  if (role == Role::kImage) return hasher.add(preprocessing_->to_json().dump()).hex();
  hasher.add(options_.special == text::InText::kParse ? "parse" : "plain");
  return hasher.add(tokenizer_hash_).hex();
}

std::string Encoder::weights_hash() const {
  return Hasher().add(weights_hash_).add(backbone_->config().dump()).hex();
}

io::PixelValues Encoder::pixels(std::span<const std::byte> file, std::string_view where) const {
  require(Role::kImage);
  return preprocessing_->run(file, where);
}

Tensor Encoder::embed_pixels(std::span<const io::PixelValues> pictures) {
  require(Role::kImage);
  if (pictures.empty()) return torch::empty({0, 0});
  const io::PixelValues& first = pictures.front();
  Tensor batch =
      torch::empty({static_cast<int64_t>(pictures.size()), 3, first.height, first.width});
  auto* into = batch.mutable_data_ptr<float>();
  for (const io::PixelValues& picture : pictures) {
    if (picture.height != first.height || picture.width != first.width)
      throw Error({.what = "pictures of several sizes after preprocessing",
                   .remedy = "let preprocessor_config.json crop or resize to one size"});
    into = std::ranges::copy(picture.values, into).out;
  }
  const torch::NoGradGuard no_grad;
  return backbone_->embed_image(batch);
}

std::vector<std::vector<int32_t>> Encoder::tokens(std::span<const std::string_view> texts) const {
  require(Role::kText);
  return tokenizer_->encode_batch(
      texts, {.special = options_.special,
              .add_special = true,
              .offsets = false,
              .truncation = text::Truncation{.max_length = backbone_->text_limits().tokens},
              .padding = {}});
}

Tensor Encoder::embed_equal(std::span<const std::vector<int32_t>* const> texts) {
  const auto longest = static_cast<int64_t>(texts.front()->size());
  const auto rows = static_cast<int64_t>(texts.size());
  const int64_t pad = tokenizer_->special().pad.value_or(0);
  Tensor ids = torch::full({rows, std::max<int64_t>(longest, 1)}, pad, torch::kInt64);
  Tensor mask = torch::zeros(ids.sizes(), torch::kBool);
  bool ragged = false;
  for (int64_t row = 0; row < rows; ++row) {
    const std::vector<int32_t>& text = *texts[static_cast<size_t>(row)];
    std::ranges::copy(text, ids[row].mutable_data_ptr<int64_t>());
    const auto length = static_cast<int64_t>(text.size());
    mask[row].narrow(0, 0, length).fill_(true);
    ragged |= length < ids.size(1);
  }
  const torch::NoGradGuard no_grad;
  return backbone_->embed_text({.ids = ids, .mask = ragged ? mask : Tensor()});
}

Tensor Encoder::embed_tokens(std::span<const std::vector<int32_t>> texts) {
  require(Role::kText);
  if (texts.empty()) return torch::empty({0, 0});
  // Longest first: memory is largest at once, and a pass is padded to its first text.
  std::vector<int64_t> order(texts.size());
  std::iota(order.begin(), order.end(), 0);
  const auto text = [&](int64_t i) -> const std::vector<int32_t>& {
    return texts[static_cast<size_t>(i)];
  };
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [&](int64_t i) { return text(i).size(); });
  std::vector<Tensor> parts;
  for (size_t begin = 0; begin < order.size();) {
    const auto longest = std::max<int64_t>(1, static_cast<int64_t>(text(order[begin]).size()));
    const int64_t rows = std::clamp<int64_t>(kTokensAPass / longest, 1, kTextsAPass);
    std::vector<const std::vector<int32_t>*> pass;
    for (; begin < order.size() && std::cmp_less(pass.size(), rows); ++begin)
      pass.push_back(&text(order[begin]));
    parts.push_back(embed_equal(pass));
  }
  const Tensor sorted = torch::cat(parts);
  return torch::empty_like(sorted).index_copy_(0, torch::tensor(order), sorted);
}

}  // namespace relata::models
