#include "relata/generation/beam_search.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace relata::generation {
namespace {

using torch::Tensor;

struct Beam {
  std::vector<int64_t> tokens;
  float score = 0;  ///< log-probability
};

struct Candidate {
  int64_t beam = 0;
  int64_t token = 0;
  float score = 0;
};

double penalised(double score, int64_t length, double penalty) {
  return score / std::pow(static_cast<double>(length), penalty);
}

/// One prompt's beams.
class Hypotheses {
 public:
  Hypotheses(int64_t most, const GenerationOptions& options) : most_(most), options_(options) {
    running_.resize(static_cast<size_t>(options.beams));
  }

  const std::vector<Beam>& running() const { return running_; }
  bool open() const { return open_; }
  /// −∞ where a small vocabulary left fewer beams than were asked for.
  float score_of(int64_t beam) const {
    const auto at = static_cast<size_t>(beam);
    return at < running_.size() ? running_[at].score : -std::numeric_limits<float>::infinity();
  }

  /// `candidates`: the best continuations, best first. Gives the beam that each new one continues.
  std::vector<int64_t> advance(const std::vector<Candidate>& candidates) {
    const auto beams = static_cast<size_t>(options_.beams);
    std::vector<Beam> next;
    std::vector<int64_t> parents;
    for (size_t rank = 0; rank < candidates.size(); ++rank) {
      const Candidate& candidate = candidates[rank];
      Beam beam{running_[static_cast<size_t>(candidate.beam)].tokens, candidate.score};
      beam.tokens.push_back(candidate.token);
      const bool ended =
          std::ranges::find(options_.end_ids, candidate.token) != options_.end_ids.end();
      if (ended || length_of(beam) == most_) {
        // Of those that end, only the very best count; the rest stood by so that enough go on.
        if (rank < beams) finish(std::move(beam), ended);
      } else if (next.size() < beams) {
        next.push_back(std::move(beam));
        parents.push_back(candidate.beam);
      }
    }
    running_ = std::move(next);
    update_open();
    return parents;
  }

  Generated best() && { return finished_.empty() ? Generated{} : std::move(finished_.front()); }

 private:
  static int64_t length_of(const Beam& beam) { return static_cast<int64_t>(beam.tokens.size()); }
  bool full() const { return std::cmp_equal(finished_.size(), options_.beams); }

  void finish(Beam beam, bool ended) {
    if (filled_before_ && options_.early_stopping == EarlyStopping::kWhenFull) return;
    const double score = penalised(beam.score, length_of(beam), options_.length_penalty);
    // Behind those of the same score, which came first.
    const auto place = std::ranges::upper_bound(finished_, score, std::ranges::greater{},
                                                [](const Generated& g) { return g.score; });
    finished_.insert(place, {.tokens = std::move(beam.tokens),
                             .log_probabilities = {},
                             .score = score,
                             .reason = ended ? FinishReason::kEnd : FinishReason::kLength});
    if (std::cmp_greater(finished_.size(), options_.beams)) finished_.pop_back();
  }

  void update_open() {
    filled_before_ = full();
    if (running_.empty() || length_of(running_.front()) == most_) {
      open_ = false;
      return;
    }
    if (!full()) return;
    const bool any_length =
        options_.early_stopping == EarlyStopping::kNever && options_.length_penalty > 0;
    const double possible =
        penalised(running_.front().score, any_length ? most_ : length_of(running_.front()),
                  options_.length_penalty);
    open_ =
        options_.early_stopping != EarlyStopping::kWhenFull && possible > finished_.back().score;
  }

  int64_t most_;
  const GenerationOptions& options_;
  std::vector<Beam> running_;
  std::vector<Generated> finished_;  ///< best first
  bool filled_before_ = false;       ///< full before this step: nothing may enter any more
  bool open_ = true;
};

/// The best `count` continuations of one prompt, best first. scores [beams, vocabulary]
std::vector<Candidate> best_of(const Tensor& scores, int64_t count) {
  const int64_t vocabulary = scores.size(1);
  const auto [values, indices] = scores.flatten().topk(std::min(count, scores.numel()));
  std::vector<Candidate> candidates;
  for (int64_t i = 0; i < values.size(0); ++i) {
    const auto index = indices[i].item<int64_t>();
    candidates.push_back({index / vocabulary, index % vocabulary, values[i].item<float>()});
  }
  return candidates;
}

}  // namespace

std::vector<Generated> beam_search(TokenModel& model, const Tensor& ids, const Tensor& mask,
                                   int64_t most, const GenerationOptions& options) {
  const int64_t batch = ids.size(0);
  const auto ends = static_cast<int64_t>(options.end_ids.size());
  const int64_t kept = std::max<int64_t>(2, 1 + ends) * options.beams;
  std::vector<Hypotheses> prompts(static_cast<size_t>(batch), Hypotheses(most, options));
  // Until the first step all beams of a prompt are the same, so one of them is enough.
  Tensor log_probabilities = model.start(ids, mask).log_softmax(1);
  int64_t width = 1;
  while (true) {
    std::vector<int64_t> rows;
    std::vector<int64_t> tokens;
    bool open = false;
    for (int64_t p = 0; p < batch; ++p) {
      Hypotheses& prompt = prompts[static_cast<size_t>(p)];
      std::vector<int64_t> parents;
      if (prompt.open()) {
        Tensor scores = log_probabilities.narrow(0, p * width, width).clone();
        for (int64_t beam = 0; beam < width; ++beam) scores[beam] += prompt.score_of(beam);
        parents = prompt.advance(best_of(scores, kept));
      }
      open |= prompt.open();
      // A prompt that is done keeps its place in the batch, with beams that nobody reads.
      for (int64_t beam = 0; beam < options.beams; ++beam) {
        const auto at = static_cast<size_t>(beam);
        const bool there = prompt.open() && at < parents.size();
        rows.push_back(p * width + (there ? parents[at] : 0));
        tokens.push_back(there ? prompt.running()[at].tokens.back() : 0);
      }
    }
    if (!open) break;
    model.select(torch::tensor(rows));
    log_probabilities = model.next(torch::tensor(tokens)).log_softmax(1);
    width = options.beams;
  }
  std::vector<Generated> results;
  for (Hypotheses& prompt : prompts) results.push_back(std::move(prompt).best());
  return results;
}

}  // namespace relata::generation
