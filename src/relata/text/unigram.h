// Unigram: the segmentation of the largest sum of the pieces' scores. Source: Kudo, "Subword
// regularization", ACL 2018; ties, unknown characters and byte_fallback as the public `tokenizers`
// library has them.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "relata/text/hash.h"
#include "relata/text/model.h"
#include "relata/text/tracked_text.h"

namespace relata::text {

class Unigram : public Model {
 public:
  struct Entry {
    std::string piece;
    double score = 0;
  };

  /// An entry's place is its id. Throws Error naming `where` if `unknown` is no id or a score is
  /// not finite.
  Unigram(const std::vector<Entry>& entries, std::optional<int64_t> unknown, bool byte_fallback,
          std::string_view where);

  void tokenize(std::string_view piece, std::vector<Token>& out) const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  int64_t size() const override { return static_cast<int64_t>(scores_.size()); }
  std::optional<int32_t> unknown() const override { return unknown_; }

 private:
  struct Node {
    double score = 0;    ///< of the best way to get here
    int32_t id = 0;      ///< of its last piece
    int32_t begin = -1;  ///< where that starts; -1: no way yet
  };

  void add_piece(std::string_view piece, int32_t id);
  /// The best path to every byte offset of `text`.
  std::vector<Node> best_paths(std::string_view text) const;
  void add_token(std::string_view text, uint32_t begin, uint32_t end,
                 std::vector<Token>& out) const;
  int32_t require_unknown(std::string_view text) const;

  Vocabulary vocabulary_;
  std::vector<double> scores_;
  // A trie over bytes: (node, byte) → node; ids_[node] is the piece that ends there, or -1.
  IntegerMap<int32_t> edges_;
  std::vector<int32_t> ids_;
  std::array<int32_t, 256> first_ = {};  ///< the root's edges
  std::array<int32_t, 256> bytes_ = {};  ///< <0xNN>, or -1
  std::optional<int32_t> unknown_;
  double unknown_score_ = 0;
  bool byte_fallback_ = false;
};

ModelPtr read_unigram(const JsonNode& node);

}  // namespace relata::text
