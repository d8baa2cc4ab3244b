// A model folder ready for what a user has: files of pictures and texts as they are, to vectors.
#pragma once

#include <torch/types.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relata/io/image/preprocessing.h"
#include "relata/models/backbone.h"
#include "relata/text/tokenizer.h"

namespace relata::models {

/// The roles that an encoder may have.
enum class Role { kImage, kText };
std::string_view role_name(Role role);

struct EncoderOptions {
  nn::Precision precision = nn::Precision::kFp32;
  text::InText special = text::InText::kPlain;  ///< what special tokens in a text are
};

/// Vectors of a row do not depend on the rows beside it (to 1e-5 in float32), nor on their order.
class Encoder {
 public:
  /// Reads config.json, weights, tokenizer and preprocessor_config.json, and packs the weights.
  /// Throws Error as load_backbone, Tokenizer::load and Preprocessing::from_json do, for a
  /// tokenizer with ids beyond the model's vocabulary, and for a tower without its tokenizer or
  /// preprocessing.
  explicit Encoder(const std::filesystem::path& folder, const EncoderOptions& options = {});

  std::vector<Role> roles() const;
  /// Throws Error naming the roles there are.
  void require(Role role) const;
  /// Everything that vectors of that role depend on besides the content: weights, configuration,
  /// tokenizer or preprocessing, precision.
  std::string hash(Role role) const;
  /// What vectors of all roles depend on: weights and configuration. Vectors of models that share
  /// it lie in one space.
  std::string weights_hash() const;
  Backbone& backbone() { return *backbone_; }

  /// A file of a picture, decoded and prepared. Throws Error naming `where` for a broken one.
  io::PixelValues pixels(std::span<const std::byte> file, std::string_view where) const;
  /// Pictures of one size → [pictures, width] float32
  torch::Tensor embed_pixels(std::span<const io::PixelValues> pictures);

  /// Ids with the template, truncated to what the model reads.
  std::vector<std::vector<int32_t>> tokens(std::span<const std::string_view> texts) const;
  /// [texts, width] float32, in their order. Texts of like length are computed together.
  torch::Tensor embed_tokens(std::span<const std::vector<int32_t>> texts);

 private:
  torch::Tensor embed_equal(std::span<const std::vector<int32_t>* const> texts);

  std::unique_ptr<Backbone> backbone_;
  std::optional<text::Tokenizer> tokenizer_;
  std::optional<io::Preprocessing> preprocessing_;
  EncoderOptions options_;
  std::string weights_hash_;
  std::string tokenizer_hash_;
};

}  // namespace relata::models
