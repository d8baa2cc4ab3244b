// Byte-pair encoding: a word's characters are merged pair by pair, the pair of the lowest rank
// first. Source: Sennrich, Haddow, Birch, "Neural machine translation of rare words with subword
// units", ACL 2016; byte_fallback and the rest as the public `tokenizers` library has them.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "relata/text/hash.h"
#include "relata/text/model.h"

namespace relata::text {

struct BpeOptions {
  std::optional<std::string> unknown = {};  ///< token of a character that is not in the vocabulary
  std::string continuing_prefix = {};       ///< of every character but a word's first
  std::string word_end = {};                ///< of a word's last character
  bool fuse_unknown = false;                ///< neighbouring unknown characters are one token
  bool byte_fallback = false;               ///< an unknown character becomes tokens <0xNN>
  bool ignore_merges = false;               ///< a word that is a token is that token
};

using MergePair = std::pair<std::string, std::string>;

class Bpe : public Model {
 public:
  /// `merges` by rank. Throws Error naming `where` if a merge names or makes a token that is not in
  /// the vocabulary.
  Bpe(Vocabulary vocabulary, const std::vector<MergePair>& merges, BpeOptions options,
      std::string_view where);

  void tokenize(std::string_view piece, std::vector<Token>& out) const override;
  bool reads_bytes() const override { return reads_bytes_; }
  void tokenize_bytes(std::string_view piece, std::vector<Token>& out) const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  std::optional<int32_t> unknown() const override { return unknown_; }
  std::string_view word_end() const override { return options_.word_end; }

 private:
  struct Merge {
    uint32_t rank = 0;
    int32_t id = 0;
  };
  struct Symbol {
    int32_t id;
    uint32_t size;
  };
  class Merger;

  void add_merges(const std::vector<MergePair>& merges, std::string_view where);
  void index_bytes();
  const Merge* merge_of(int32_t left, int32_t right) const {
    return merges_.find(static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32U |
                        static_cast<uint32_t>(right));
  }
  std::vector<Symbol> symbols(std::string_view piece) const;
  bool add_bytes(std::string_view spelled, std::vector<Symbol>& symbols) const;
  /// Merges in place.
  void merge(std::vector<Symbol>& symbols) const;
  void merge_short(std::vector<Symbol>& symbols) const;
  void merge_long(std::vector<Symbol>& symbols) const;

  Vocabulary vocabulary_;
  IntegerMap<Merge> merges_;
  BpeOptions options_;
  std::optional<int32_t> unknown_;
  std::array<int32_t, 256> fallback_ = {};  ///< <0xNN>, or -1
  // For pieces that are bytes: the token of each byte, in the middle and at the end of a word.
  bool reads_bytes_ = false;
  std::array<int32_t, 256> byte_ = {};
  std::array<int32_t, 256> last_byte_ = {};
  Vocabulary words_;  ///< tokens by their bytes, for ignore_merges
};

ModelPtr read_bpe(const JsonNode& node);

}  // namespace relata::text
