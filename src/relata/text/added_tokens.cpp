#include "relata/text/added_tokens.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "relata/text/char_class.h"
#include "relata/text/utf8.h"

namespace relata::text {
namespace {

bool ends_with_word(std::string_view text) {
  return !text.empty() && is(decode_before(text, text.size()).code, kWord);
}

bool starts_with_word(std::string_view text) {
  return !text.empty() && is(decode_at(text, 0).code, kWord);
}

/// Bytes of white space at the end of `text`.
uint32_t trailing_space(std::string_view text) {
  std::size_t end = text.size();
  while (end > 0) {
    const auto [code, size] = decode_before(text, end);
    if (!is(code, kSpace)) break;
    end -= size;
  }
  return static_cast<uint32_t>(text.size() - end);
}

uint32_t leading_space(std::string_view text) {
  uint32_t at = 0;
  while (at < text.size()) {
    const auto [code, size] = decode_at(text, at);
    if (!is(code, kSpace)) break;
    at += size;
  }
  return at;
}

uint64_t edge(int32_t node, char byte) {
  return static_cast<uint64_t>(static_cast<uint32_t>(node)) << 8U |
         static_cast<unsigned char>(byte);
}

}  // namespace

void AddedTokens::Finder::add(std::string_view pattern, int32_t id) {
  if (pattern.empty()) return;
  starts_[static_cast<unsigned char>(pattern[0])] = true;
  int32_t node = 0;
  for (const char byte : pattern) {
    int32_t& next = edges_[edge(node, byte)];
    if (next == 0) {
      next = static_cast<int32_t>(nodes_.size());
      nodes_.push_back(-1);
    }
    node = next;
  }
  nodes_[static_cast<std::size_t>(node)] = id;
}

std::optional<AddedTokens::Finder::Found> AddedTokens::Finder::next(std::string_view text,
                                                                    uint32_t from) const {
  for (uint32_t begin = from; begin < text.size(); ++begin) {
    if (!starts_[static_cast<unsigned char>(text[begin])]) continue;
    std::optional<Found> longest;
    int32_t node = 0;
    for (uint32_t at = begin; at < text.size(); ++at) {
      const int32_t* const next = edges_.find(edge(node, text[at]));
      if (next == nullptr) break;
      node = *next;
      if (const int32_t id = nodes_[static_cast<std::size_t>(node)]; id >= 0) {
        longest = Found{{begin, at + 1}, id};
      }
    }
    if (longest) return longest;
  }
  return std::nullopt;
}

AddedTokens::AddedTokens(const std::vector<AddedToken>& tokens, const Model& model,
                         const Normalizer* normalizer) {
  for (const AddedToken& token : tokens) {
    if (token.content.empty()) continue;
    if (token.special) special_.insert(token.content);
  }
  for (const AddedToken& token : tokens) {
    if (token.content.empty()) continue;
    std::optional<int32_t> id = find(token.content);
    if (!id) id = model.vocabulary().find(token.content);
    if (!id) id = next_id(model);
    ids_[token.content] = *id;
    tokens_[*id] = token;
  }
  for (const auto& [id, token] : tokens_) {
    if (!token.normalized) {
      raw_.add(token.content, id);
      continue;
    }
    TrackedText content(token.content, 0, false);
    if (normalizer != nullptr) normalizer->apply(content);
    normalized_.add(content.view(), id);
  }
}

int32_t AddedTokens::next_id(const Model& model) const {
  const auto size = static_cast<int32_t>(model.size());
  int32_t largest = -1;
  for (const auto& [token, id] : ids_) largest = std::max(largest, id);
  return largest >= size || (size == 0 && largest >= 0) ? largest + 1 : size;
}

std::optional<int32_t> AddedTokens::find(std::string_view token) const {
  const auto found = ids_.find(token);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

std::optional<std::string_view> AddedTokens::token(int32_t id) const {
  const auto found = tokens_.find(id);
  if (found == tokens_.end()) return std::nullopt;
  return found->second.content;
}

bool AddedTokens::is_special(std::string_view token) const {
  return special_.find(token) != special_.end();
}

int64_t AddedTokens::beyond(const Vocabulary& vocabulary) const {
  return std::ranges::count_if(ids_,
                               [&](const auto& entry) { return !vocabulary.find(entry.first); });
}

std::vector<TokenSpan> AddedTokens::cut_raw(std::string_view text, bool specials) const {
  return cut(text, raw_, specials);
}

std::vector<TokenSpan> AddedTokens::cut_normalized(std::string_view text, bool specials) const {
  return cut(text, normalized_, specials);
}

std::vector<TokenSpan> AddedTokens::cut(std::string_view text, const Finder& finder,
                                        bool specials) const {
  std::vector<TokenSpan> parts;
  const auto size = static_cast<uint32_t>(text.size());
  uint32_t covered = 0;
  uint32_t from = 0;
  while (const auto found = finder.empty() ? std::nullopt : finder.next(text, from)) {
    auto [begin, end] = found->span;
    from = end;
    const AddedToken& token = tokens_.at(found->id);
    if (!specials && is_special(token.content)) continue;
    if (token.single_word &&
        (ends_with_word(text.substr(0, begin)) || starts_with_word(text.substr(end)))) {
      continue;
    }
    if (token.lstrip) begin = std::max(begin - trailing_space(text.substr(0, begin)), covered);
    if (token.rstrip) end += leading_space(text.substr(end));
    if (covered < begin) parts.push_back({{covered, begin}, -1});
    parts.push_back({{begin, end}, found->id});
    covered = end;
  }
  if (covered < size) parts.push_back({{covered, size}, -1});
  return parts;
}

AddedToken read_added_token(const JsonNode& node) {
  const bool special = node.flag("special", false);
  return {.content = node.at("content").text(),
          .single_word = node.flag("single_word", false),
          .lstrip = node.flag("lstrip", false),
          .rstrip = node.flag("rstrip", false),
          .normalized = node.flag("normalized", !special),
          .special = special};
}

}  // namespace relata::text
