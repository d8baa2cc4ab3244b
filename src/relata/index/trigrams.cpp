#include "relata/index/trigrams.h"

#include <cmath>

namespace relata::index {
TrigramTfIdf::TrigramTfIdf(int64_t documents, const std::function<std::string_view(int64_t)>& text)
    : postings_(documents, [&](int64_t document) { return trigrams(text(document)); }),
      norms_(static_cast<size_t>(documents), 0.0) {
  for (size_t term = 0; term < postings_.terms(); ++term) {
    const auto list = postings_.list(term);
    const double weight = idf(list.size());
    for (const Posting& p : list) norms_[p.document] += std::pow(p.count * weight, 2);
  }
  for (double& norm : norms_) norm = std::sqrt(norm);
}

double TrigramTfIdf::idf(size_t df) const {
  const auto documents = static_cast<double>(postings_.documents());
  return std::log((documents + 1) / (static_cast<double>(df) + 1)) + 1;
}

std::vector<double> TrigramTfIdf::scores(std::string_view query) const {
  std::vector<double> scores(norms_.size(), 0.0);
  double squares = 0;
  for (const auto& [term, times] : counted(trigrams(query))) {
    const auto list = postings_.find(term);
    if (list.empty()) continue;
    const double weight = idf(list.size());
    const double in_query = times * weight;
    squares += in_query * in_query;
    for (const Posting& p : list) scores[p.document] += in_query * p.count * weight;
  }
  if (squares == 0) return scores;
  const double norm = std::sqrt(squares);
  for (size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] != 0) scores[i] /= norm * norms_[i];
  }
  return scores;
}

}  // namespace relata::index
