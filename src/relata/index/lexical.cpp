#include "relata/index/lexical.h"

#include <algorithm>

#include "relata/base/error.h"
#include "relata/io/utf8.h"

namespace relata::index {

LexicalKind lexical_kind_of(std::string_view name) {
  if (name == "bm25") return LexicalKind::kBm25;
  if (name == "trigrams") return LexicalKind::kTrigrams;
  throw Error({.what = "no lexical kind " + io::excerpt(name), .remedy = "bm25 or trigrams"});
}

Lexical::Lexical(LexicalKind kind, int64_t items, const Text& text) {
  if (kind == LexicalKind::kBm25) {
    bm25_.emplace(items, text);
  } else {
    trigrams_.emplace(items, text);
  }
}

std::vector<double> Lexical::scores(std::string_view query, QueryTerms terms) const {
  if (trigrams_) return trigrams_->scores(query);
  std::vector<double> scores = bm25_->scores(query, terms);
  const double highest = scores.empty() ? 0 : *std::ranges::max_element(scores);
  if (highest > 0) {
    for (double& score : scores) score /= highest;
  }
  return scores;
}

}  // namespace relata::index
