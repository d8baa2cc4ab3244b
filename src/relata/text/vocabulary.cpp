#include "relata/text/vocabulary.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/utf8.h"
#include "relata/text/hash.h"

namespace relata::text {

std::string_view Vocabulary::token_at(int64_t index) const {
  const Entry& entry = tokens_[static_cast<std::size_t>(index)];
  return std::string_view(text_).substr(entry.begin, entry.size);
}

std::size_t Vocabulary::slot_of(std::string_view token, uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    if (slots_[at] < 0) return at;
    const Entry& entry = tokens_[static_cast<std::size_t>(slots_[at])];
    if (entry.hash == hash && token_at(slots_[at]) == token) return at;
  }
}

void Vocabulary::grow(std::size_t capacity) {
  if (capacity <= slots_.size()) return;
  slots_.assign(capacity, -1);
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    slots_[slot_of(token_at(static_cast<int64_t>(i)), tokens_[i].hash)] = static_cast<int32_t>(i);
  }
}

void Vocabulary::reserve(std::size_t count) {
  grow(std::bit_ceil(2 * count + 8));
  tokens_.reserve(count);
}

void Vocabulary::put(std::string_view token, int64_t id, std::string_view where,
                     bool may_be_known) {
  if (id < 0 || id >= kMostTokens) {
    throw Error({.what = "token " + io::excerpt(token) + " has the id " + std::to_string(id) +
                         ", expected one from 0 to " + std::to_string(kMostTokens - 1),
                 .where = std::string(where)});
  }
  if ((tokens_.size() + 1) * 2 > slots_.size()) grow(std::max<std::size_t>(16, 2 * slots_.size()));
  const uint64_t hash = hash_bytes(token);
  const std::size_t slot = slot_of(token, hash);
  const bool known = slots_[slot] >= 0;
  if (known && !may_be_known) {
    throw Error({.what = "token " + io::excerpt(token) + " appears twice",
                 .where = std::string(where),
                 .remedy = "keep one of the two"});
  }
  if (known) {
    tokens_[static_cast<std::size_t>(slots_[slot])].id = static_cast<int32_t>(id);
  } else {
    slots_[slot] = static_cast<int32_t>(tokens_.size());
    tokens_.push_back({hash, static_cast<uint32_t>(text_.size()),
                       static_cast<uint32_t>(token.size()), static_cast<int32_t>(id)});
    text_ += token;
  }
  const auto place = static_cast<std::size_t>(id);
  if (place >= by_id_.size()) by_id_.resize(std::max(place + 1, by_id_.size() * 3 / 2), -1);
  by_id_[place] = slots_[slot];
}

void Vocabulary::add(std::string_view token, int64_t id, std::string_view where) {
  put(token, id, where, false);
}

void Vocabulary::set(std::string_view token, int64_t id, std::string_view where) {
  put(token, id, where, true);
}

std::optional<int32_t> Vocabulary::find(std::string_view token) const {
  if (slots_.empty()) return std::nullopt;
  const int32_t index = slots_[slot_of(token, hash_bytes(token))];
  if (index < 0) return std::nullopt;
  return tokens_[static_cast<std::size_t>(index)].id;
}

std::optional<std::string_view> Vocabulary::token(int64_t id) const {
  if (id < 0 || std::cmp_greater_equal(id, by_id_.size())) return std::nullopt;
  const int32_t index = by_id_[static_cast<std::size_t>(id)];
  if (index < 0) return std::nullopt;
  return token_at(index);
}

}  // namespace relata::text
