// Tokens that are looked for in the text itself, before or after it is normalized: [CLS], <mask>, …
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "relata/text/hash.h"
#include "relata/text/model.h"
#include "relata/text/normalizer.h"
#include "relata/text/tracked_text.h"

namespace relata::text {

struct AddedToken {
  std::string content;
  bool single_word = false;  ///< not as a part of a word
  bool lstrip = false;       ///< takes the white space before it
  bool rstrip = false;       ///< and after it
  bool normalized = true;    ///< looked for in the normalized text
  bool special = false;
  bool operator==(const AddedToken&) const = default;
};

/// A part of a text, an added token or not.
struct TokenSpan {
  Span span;
  int32_t token = -1;
};

class AddedTokens {
 public:
  /// Ids: that of the vocabulary where the token is in it, else the next free one; as the public
  /// library gives them. `normalizer` may be null.
  AddedTokens(const std::vector<AddedToken>& tokens, const Model& model,
              const Normalizer* normalizer);

  std::optional<int32_t> find(std::string_view token) const;
  std::optional<std::string_view> token(int32_t id) const;
  bool is_special(std::string_view token) const;
  /// The ids that lie outside of the vocabulary.
  int64_t beyond(const Vocabulary& vocabulary) const;

  bool any_raw() const { return !raw_.empty(); }
  bool any_normalized() const { return !normalized_.empty(); }
  /// Cuts a text that is not normalized by the tokens to be found there; special ones are left out
  /// where `specials` is false.
  std::vector<TokenSpan> cut_raw(std::string_view text, bool specials) const;
  std::vector<TokenSpan> cut_normalized(std::string_view text, bool specials) const;

 private:
  /// A trie of texts to look for; of those that start at one place, the longest wins.
  class Finder {
   public:
    void add(std::string_view pattern, int32_t id);
    bool empty() const { return nodes_.size() <= 1; }
    struct Found {
      Span span;
      int32_t id = 0;
    };
    /// The first match at `from` or later.
    std::optional<Found> next(std::string_view text, uint32_t from) const;

   private:
    std::vector<int32_t> nodes_ = {-1};  // the id of the pattern that ends there, or −1
    IntegerMap<int32_t> edges_;
    std::array<bool, 256> starts_ = {};
  };

  std::vector<TokenSpan> cut(std::string_view text, const Finder& finder, bool specials) const;
  int32_t next_id(const Model& model) const;

  std::map<std::string, int32_t, std::less<>> ids_;
  std::map<int32_t, AddedToken> tokens_;
  std::set<std::string, std::less<>> special_;
  Finder raw_;
  Finder normalized_;
};

/// One entry of added_tokens.
AddedToken read_added_token(const JsonNode& node);

}  // namespace relata::text
