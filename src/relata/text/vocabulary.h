// Tokens and their ids, both ways.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relata::text {

/// Most entries of a vocabulary, and the largest id.
inline constexpr int64_t kMostTokens = int64_t{1} << 24U;

class Vocabulary {
 public:
  /// Throws Error naming `where` if the token is there already, or the id is negative or
  /// kMostTokens and more. An id may belong to several tokens; the last one is what it decodes to.
  void add(std::string_view token, int64_t id, std::string_view where);
  /// The same, but a token that is there already changes its id.
  void set(std::string_view token, int64_t id, std::string_view where);
  void reserve(std::size_t count);

  int64_t size() const { return static_cast<int64_t>(tokens_.size()); }
  std::optional<int32_t> find(std::string_view token) const;
  /// Nothing for an id without a token.
  std::optional<std::string_view> token(int64_t id) const;
  /// Every token, in the order they were added.
  std::string_view token_at(int64_t index) const;
  int32_t id_at(int64_t index) const { return tokens_[static_cast<std::size_t>(index)].id; }

 private:
  struct Entry {
    uint64_t hash;
    uint32_t begin;
    uint32_t size;
    int32_t id;
  };

  std::size_t slot_of(std::string_view token, uint64_t hash) const;
  void grow(std::size_t capacity);
  void put(std::string_view token, int64_t id, std::string_view where, bool may_be_known);

  std::string text_;
  std::vector<Entry> tokens_;
  std::vector<int32_t> slots_;  // index into tokens_, or -1
  std::vector<int32_t> by_id_;  // index into tokens_, or -1
};

}  // namespace relata::text
