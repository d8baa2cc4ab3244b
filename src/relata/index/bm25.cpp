#include "relata/index/bm25.h"

#include <cmath>

#include "relata/index/words.h"

namespace relata::index {
Bm25::Bm25(int64_t documents, const std::function<std::string_view(int64_t)>& text,
           Constants constants)
    : postings_(documents, [&](int64_t document) { return words(text(document)); }),
      constants_(constants) {
  double total = 0;
  for (int64_t i = 0; i < documents; ++i) total += postings_.length(i);
  const double mean = documents == 0 ? 0 : total / static_cast<double>(documents);
  for (int64_t i = 0; i < documents; ++i) {
    const double relative = mean == 0 ? 0 : postings_.length(i) / mean;
    normaliser_.push_back(constants_.k1 * (1 - constants_.b + constants_.b * relative));
  }
}

// score(q, d) = Σ_{t ∈ q} idf(t) · tf·(k1 + 1) / (tf + k1·(1 − b + b·|d| / mean |d|))
// idf(t)      = ln(1 + (N − df + ½) / (df + ½))
std::vector<double> Bm25::scores(std::string_view query, QueryTerms terms) const {
  std::vector<double> scores(normaliser_.size(), 0.0);
  const auto documents = static_cast<double>(postings_.documents());
  for (const auto& [term, times] : counted(words(query))) {
    const auto list = postings_.find(term);
    const auto df = static_cast<double>(list.size());
    const double idf = std::log(1 + (documents - df + 0.5) / (df + 0.5));
    const double weight = idf * (terms == QueryTerms::kCounted ? times : 1) * (constants_.k1 + 1);
    for (const Posting& p : list)
      scores[p.document] += weight * p.count / (p.count + normaliser_[p.document]);
  }
  return scores;
}

}  // namespace relata::index
