#include "relata/generation/text_generator.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>

#include "relata/base/error.h"
#include "relata/generation/llama_model.h"
#include "relata/models/llama.h"
#include "relata/models/model_tokenizer.h"

namespace relata::generation {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD: half a character so far
constexpr std::string_view kTurn = "<|im_start|>";
constexpr std::string_view kTurnEnd = "<|im_end|>";

/// The longest end of `text` that begins some stop string.
size_t possible_stop(std::string_view text, std::span<const std::string> stop) {
  size_t longest = 0;
  for (const std::string& word : stop) {
    const size_t most = std::min(word.size(), text.size());
    for (size_t length = most; length > longest; --length) {
      if (text.ends_with(std::string_view(word).substr(0, length))) longest = length;
    }
  }
  return longest;
}

}  // namespace

GrowingText::GrowingText(const text::Tokenizer& tokenizer, std::span<const std::string> stop)
    : tokenizer_(tokenizer), stop_(stop) {}

std::string_view GrowingText::release(size_t end) {
  const size_t begin = released_;
  released_ = std::max(released_, std::min(end, text_.size()));
  return std::string_view(text_).substr(begin, released_ - begin);
}

std::string_view GrowingText::add(int32_t token) {
  tokens_.push_back(token);
  text_ = tokenizer_.decode(tokens_);
  size_t first = std::string::npos;
  for (const std::string& word : stop_) {
    if (!word.empty()) first = std::min(first, text_.find(word));
  }
  if (first != std::string::npos) {
    text_.resize(first);
    stopped_ = true;
    return release(text_.size());
  }
  std::string_view certain = text_;
  while (certain.ends_with(kReplacement)) certain.remove_suffix(kReplacement.size());
  return release(certain.size() - possible_stop(certain, stop_));
}

std::string_view GrowingText::finish() { return release(text_.size()); }

TextGenerator::TextGenerator(const std::filesystem::path& folder, nn::Precision precision)
    : backbone_(models::load_backbone(folder)),
      tokenizer_(models::load_tokenizer(folder, *backbone_)) {
  backbone_->require_decoder("generates no text", folder.string());
  backbone_->freeze(precision, false);
}

std::vector<int32_t> TextGenerator::prompt_ids(std::string_view prompt,
                                               const TextOptions& options) const {
  if (!options.chat) return tokenizer_.encode(prompt, {.add_special = true, .offsets = false}).ids;
  if (!tokenizer_.token_to_id(kTurn) || !tokenizer_.token_to_id(kTurnEnd)) {
    throw Error({.what = "the tokenizer has no tokens that mark the turns of a conversation",
                 .remedy = "leave out --chat, and write the prompt as the model was trained"});
  }
  // What the user writes are words, whatever they look like; the marks are ours.
  std::vector<int32_t> ids;
  const auto add = [&](std::string_view text, text::InText special) {
    const auto more = tokenizer_.encode(text, {.special = special, .offsets = false}).ids;
    ids.insert(ids.end(), more.begin(), more.end());
  };
  const auto add_turn = [&](std::string_view who, std::string_view text) {
    add(fmt::format("{}{}\n", kTurn, who), text::InText::kParse);
    add(text, text::InText::kPlain);
    add(fmt::format("{}\n", kTurnEnd), text::InText::kParse);
  };
  if (!options.system.empty()) add_turn("system", options.system);
  add_turn("user", prompt);
  add(fmt::format("{}assistant\n", kTurn), text::InText::kParse);
  return ids;
}

Completion TextGenerator::complete(std::string_view prompt, const TextOptions& options) {
  const std::vector<int32_t> ids = prompt_ids(prompt, options);
  if (ids.empty()) throw Error({.what = "a prompt without tokens"});
  GenerationOptions decoding = options.decoding;
  if (decoding.end_ids.empty()) decoding.end_ids = backbone_->decoder()->config().end_ids;
  GrowingText growing(tokenizer_, options.stop);
  const auto tell = [&](std::string_view piece) {
    if (options.on_text && !piece.empty()) options.on_text(piece);
  };
  if (decoding.beams == 1) {
    decoding.on_token = [&](int64_t, int64_t token) {
      tell(growing.add(static_cast<int32_t>(token)));
      return !growing.stopped();
    };
  }
  LlamaModel model(*backbone_->decoder());
  const torch::Tensor input =
      torch::tensor(std::vector<int64_t>(ids.begin(), ids.end())).unsqueeze(0);
  Generated made = generate(model, input, {}, decoding).front();
  if (decoding.beams > 1) {
    for (const int64_t token : made.tokens) {
      tell(growing.add(static_cast<int32_t>(token)));
      if (growing.stopped()) break;
    }
    if (growing.stopped()) made.reason = FinishReason::kStopped;
  }
  tell(growing.finish());
  return {.text = growing.text(),
          .reason = made.reason,
          .prompt_tokens = static_cast<int64_t>(ids.size()),
          .tokens = static_cast<int64_t>(made.tokens.size()),
          .log_probabilities = std::move(made.log_probabilities)};
}

}  // namespace relata::generation
