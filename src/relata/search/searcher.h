// A question in words, a picture, an item or a vector, and its answers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "relata/index/index.h"
#include "relata/models/encoder.h"

namespace relata::data {
class FieldFiles;
}

namespace relata::search {

/// One of them is given.
struct Query {
  std::optional<std::string> text = {};
  std::optional<std::filesystem::path> image = {};
  std::optional<std::string> id = {};  ///< an item, which is not among its own answers
  std::optional<std::filesystem::path> vector = {};  ///< .npy, [width] or [queries, width]
};

struct Request {
  Query query;
  int64_t k = 10;
  std::string where = {};  ///< a condition on metadata; empty: none
  double lexical = 0;      ///< weight of the words; needs a text, or an item that has one
  index::LexicalKind lexical_kind = index::LexicalKind::kBm25;
  index::QueryTerms lexical_terms = index::QueryTerms::kCounted;
  index::ScanPrecision precision = index::ScanPrecision::kFp32;
  std::string rerank = {};  ///< a model folder: scores the first `rerank_top` again
  int64_t rerank_top = 100;
};

struct Answer {
  std::string id;
  double score = 0;
  std::optional<double> first_score = {};  ///< before another model scored it again
  std::string text = {};
  std::string picture = {};  ///< a path below the data folder, or empty
  std::vector<std::pair<std::string, index::Value>> metadata = {};
};

struct SearcherOptions {
  std::string model = {};  ///< empty: where the index says
  std::string data = {};   ///< folder of the pictures; empty: where the index says
  bool force = false;      ///< also with a model that the index was not made with
};

class Searcher {
 public:
  /// Throws Error as Index does.
  Searcher(const std::filesystem::path& folder, SearcherOptions options);

  const index::Index& index() const { return index_; }
  /// One list of answers for each vector of the query, best first. The model is loaded when a text
  /// or a picture is asked for. Throws FilterError for a mistake in the condition, and Error for no
  /// query or several, a modality that the model does not encode, another model than that of the
  /// index, an id that is not there, and as Index::search does.
  std::vector<std::vector<Answer>> search(const Request& request);
  /// The bytes of an answer's picture.
  std::string picture_bytes(const Answer& answer);

 private:
  models::Encoder& encoder();
  std::vector<float> vectors_of(const Query& query);
  std::vector<std::string> words_of(const Query& query, size_t queries) const;
  Answer answer(const index::Match& match) const;
  std::string picture_of(int64_t item) const;
  void rerank(const Request& request, std::vector<Answer>& answers);
  std::vector<float> rerank_vectors(models::Encoder& encoder, const std::vector<Answer>& answers);

  index::Index index_;
  SearcherOptions options_;
  std::unique_ptr<models::Encoder> encoder_;
  std::shared_ptr<data::FieldFiles> files_;  ///< opened when a picture is asked for
};

}  // namespace relata::search
