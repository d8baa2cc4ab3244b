// Text to text: a decoder with its tokenizer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "relata/generation/generate.h"
#include "relata/models/backbone.h"
#include "relata/text/tokenizer.h"

namespace relata::generation {

struct TextOptions {
  GenerationOptions decoding;     ///< no end ids: those of the model's configuration
  std::vector<std::string> stop;  ///< the text ends before any of these
  bool chat = false;              ///< the prompt is a user's turn of a conversation (ChatML)
  std::string system = {};        ///< chat: the system's turn; empty: none
  std::function<void(std::string_view)> on_text = {};  ///< called with pieces as they are certain
};

struct Completion {
  std::string text;
  FinishReason reason = FinishReason::kLength;
  int64_t prompt_tokens = 0;
  int64_t tokens = 0;  ///< that were made
  std::vector<float> log_probabilities;
};

class TextGenerator {
 public:
  /// Reads a model folder with its tokenizer and packs the weights. Throws Error if the model is no
  /// decoder.
  TextGenerator(const std::filesystem::path& folder, nn::Precision precision);
  /// Throws Error as generate() does, and for a conversation where the tokenizer has no tokens
  /// that mark its turns.
  Completion complete(std::string_view prompt, const TextOptions& options);

 private:
  std::vector<int32_t> prompt_ids(std::string_view prompt, const TextOptions& options) const;

  std::unique_ptr<models::Backbone> backbone_;
  text::Tokenizer tokenizer_;
};

/// Text that grows token by token: which part is certain, and where it must stop.
class GrowingText {
 public:
  GrowingText(const text::Tokenizer& tokenizer, std::span<const std::string> stop);
  /// What became certain with this token: not the middle of a character, nor what may be the
  /// beginning of a stop string.
  std::string_view add(int32_t token);
  bool stopped() const { return stopped_; }
  /// The rest, once no token follows.
  std::string_view finish();
  const std::string& text() const { return text_; }

 private:
  std::string_view release(size_t end);

  const text::Tokenizer& tokenizer_;
  std::span<const std::string> stop_;
  std::vector<int32_t> tokens_;
  std::string text_;
  size_t released_ = 0;
  bool stopped_ = false;
};

}  // namespace relata::generation
