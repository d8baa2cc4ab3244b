// BM25: how well a query's words fit the words of each document.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "relata/index/postings.h"

namespace relata::index {

/// Whether a word that a query has twice counts twice.
enum class QueryTerms { kCounted, kDistinct };

/// Source: Robertson and Zaragoza, The Probabilistic Relevance Framework (2009), with the idf that
/// does not fall below 0 (ln of 1 + …).
class Bm25 {
 public:
  struct Constants {
    double k1 = 1.2;
    double b = 0.75;
  };

  /// `text(document)` is called from several threads, once for each. Throws Error for 2^32
  /// documents or more.
  Bm25(int64_t documents, const std::function<std::string_view(int64_t)>& text,
       Constants constants);
  Bm25(int64_t documents, const std::function<std::string_view(int64_t)>& text)
      : Bm25(documents, text, Constants{}) {}

  /// [documents]; 0 where no word is shared.
  std::vector<double> scores(std::string_view query, QueryTerms terms) const;

 private:
  Postings<std::string> postings_;
  Constants constants_;
  std::vector<double> normaliser_;  ///< of each document: k1·(1 − b + b·length / mean length)
};

}  // namespace relata::index
