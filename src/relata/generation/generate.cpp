#include "relata/generation/generate.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>

#include "relata/base/error.h"
#include "relata/generation/beam_search.h"

namespace relata::generation {
namespace {

using torch::Tensor;

bool is_end(const GenerationOptions& options, int64_t token) {
  return std::ranges::find(options.end_ids, token) != options.end_ids.end();
}

Tensor choose(const Tensor& logits, const GenerationOptions& options) {
  if (!options.sampling) return logits.argmax(1);
  return torch::multinomial(torch::softmax(restricted(logits, *options.sampling), 1), 1).squeeze(1);
}

/// Takes one chosen token a row; true while some row goes on.
class Rows {
 public:
  Rows(int64_t count, const GenerationOptions& options)
      : options_(options), results_(static_cast<size_t>(count)), open_(results_.size(), true) {}

  bool take(const Tensor& tokens, const Tensor& log_probabilities) {
    const auto token = tokens.accessor<int64_t, 1>();
    const auto probability = log_probabilities.accessor<float, 1>();
    for (size_t row = 0; row < results_.size(); ++row) {
      const auto at = static_cast<int64_t>(row);
      if (open_[row]) add(row, token[at], probability[at]);
    }
    return std::ranges::find(open_, true) != open_.end();
  }

  std::vector<Generated> results() && { return std::move(results_); }

 private:
  void add(size_t row, int64_t token, float log_probability) {
    Generated& result = results_[row];
    result.tokens.push_back(token);
    result.log_probabilities.push_back(log_probability);
    if (is_end(options_, token)) {
      result.reason = FinishReason::kEnd;
      open_[row] = false;
    }
    const bool wanted = !options_.on_token || options_.on_token(static_cast<int64_t>(row), token);
    if (open_[row] && !wanted) {
      result.reason = FinishReason::kStopped;
      open_[row] = false;
    }
  }

  const GenerationOptions& options_;
  std::vector<Generated> results_;
  std::vector<bool> open_;
};

std::vector<Generated> token_by_token(TokenModel& model, const Tensor& ids, const Tensor& mask,
                                      int64_t most, const GenerationOptions& options) {
  Rows rows(ids.size(0), options);
  Tensor logits = model.start(ids, mask);
  for (int64_t made = 0; made < most; ++made) {
    const Tensor tokens = choose(logits, options);
    const Tensor log_probabilities =
        logits.gather(1, tokens.unsqueeze(1)).squeeze(1) - logits.logsumexp(1);
    // Rows that have ended are computed along: their tokens are not kept.
    if (!rows.take(tokens, log_probabilities) || made + 1 == most) break;
    logits = model.next(tokens);
  }
  return std::move(rows).results();
}

void check(const GenerationOptions& options) {
  if (options.max_new_tokens < 1 || options.beams < 1) {
    throw Error(
        {.what = fmt::format("{} new tokens, {} beams", options.max_new_tokens, options.beams),
         .remedy = "both are at least 1"});
  }
  if (options.beams > 1 && (options.sampling || options.on_token)) {
    throw Error({.what = "beam search with sampling, a stop string or streamed output",
                 .remedy = "use one beam, or leave them out"});
  }
  if (options.sampling) check(*options.sampling);
}

}  // namespace

std::vector<Generated> generate(TokenModel& model, const Tensor& ids, const Tensor& mask,
                                const GenerationOptions& options) {
  check(options);
  if (ids.dim() != 2 || ids.size(1) < 1) throw Error({.what = "a prompt without tokens"});
  const int64_t most = std::min(options.max_new_tokens, model.longest() - ids.size(1));
  if (most < 1) {
    throw Error({.what = fmt::format("a prompt of {} tokens, and the model has {} positions",
                                     ids.size(1), model.longest()),
                 .remedy = "shorten it"});
  }
  const torch::NoGradGuard no_grad;
  if (options.beams == 1) return token_by_token(model, ids, mask, most, options);
  return beam_search(model, ids, mask, most, options);
}

}  // namespace relata::generation
