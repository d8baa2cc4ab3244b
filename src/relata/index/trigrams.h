// tf-idf of character trigrams: how alike two texts are spelt, whatever their words.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "relata/index/postings.h"
#include "relata/index/words.h"

namespace relata::index {

/// Cosine of two vectors of tf · idf over the trigrams of "^text$", lower-cased: tf as it is, idf
/// = ln((N + 1) / (df + 1)) + 1. Trigrams that no document has do not count, in a query neither; so
/// scikit-learn's TfidfVectorizer has it.
class TrigramTfIdf {
 public:
  /// `text(document)` is called from several threads, once for each. Throws Error for 2^32
  /// documents or more.
  TrigramTfIdf(int64_t documents, const std::function<std::string_view(int64_t)>& text);

  /// [documents], each between 0 and 1 (rounding apart).
  std::vector<double> scores(std::string_view query) const;

 private:
  double idf(size_t df) const;

  Postings<Trigram> postings_;
  std::vector<double> norms_;  ///< of each document's vector
};

}  // namespace relata::index
