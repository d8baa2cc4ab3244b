// The lexical part of an index: made of its texts when it is first asked.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "relata/index/bm25.h"
#include "relata/index/trigrams.h"

namespace relata::index {

enum class LexicalKind { kBm25, kTrigrams };

/// "bm25", "trigrams". Throws Error for any other.
LexicalKind lexical_kind_of(std::string_view name);

class Lexical {
 public:
  using Text = std::function<std::string_view(int64_t item)>;
  Lexical(LexicalKind kind, int64_t items, const Text& text);

  /// [items], between 0 and 1: trigrams by their cosine, BM25 as a share of the highest score that
  /// any item of the index has for the query (all 0 if none has any).
  std::vector<double> scores(std::string_view query, QueryTerms terms) const;

 private:
  std::optional<Bm25> bm25_;
  std::optional<TrigramTfIdf> trigrams_;
};

}  // namespace relata::index
