#include "relata/text/bpe.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <queue>

#include "relata/base/error.h"
#include "relata/io/utf8.h"
#include "relata/text/byte_alphabet.h"
#include "relata/text/utf8.h"

namespace relata::text {
namespace {

constexpr std::size_t kShortWord = 48;  // symbols; beyond it a heap pays
constexpr uint32_t kNoRank = UINT32_MAX;

std::string two(const MergePair& merge) {
  return io::excerpt(merge.first) + " " + io::excerpt(merge.second);
}

}  // namespace

Bpe::Bpe(Vocabulary vocabulary, const std::vector<MergePair>& merges, BpeOptions options,
         std::string_view where)
    : vocabulary_(std::move(vocabulary)), options_(std::move(options)) {
  if (options_.unknown) {
    unknown_ = vocabulary_.find(*options_.unknown);
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    fallback_[byte] = vocabulary_.find(byte_token(byte)).value_or(-1);
  }
  add_merges(merges, where);
  index_bytes();
}

void Bpe::add_merges(const std::vector<MergePair>& merges, std::string_view where) {
  merges_.reserve(merges.size());
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const MergePair& merge = merges[rank];
    const auto id_of = [&](const std::string& token) {
      if (const auto id = vocabulary_.find(token)) return *id;
      throw Error({.what = "merge " + std::to_string(rank) + " (" + two(merge) +
                           ") needs the token " + io::excerpt(token) +
                           ", which is not in the vocabulary",
                   .where = std::string(where),
                   .remedy = "use the vocabulary and the merges of the same tokenizer"});
    };
    const int32_t left = id_of(merge.first);
    const int32_t right = id_of(merge.second);
    if (merge.second.size() < options_.continuing_prefix.size()) {
      throw Error({.what = "merge " + std::to_string(rank) + " (" + two(merge) +
                           ") has a right side without the prefix " +
                           io::excerpt(options_.continuing_prefix),
                   .where = std::string(where)});
    }
    const int32_t whole =
        id_of(merge.first + merge.second.substr(options_.continuing_prefix.size()));
    merges_[static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32U |
            static_cast<uint32_t>(right)] = {static_cast<uint32_t>(rank), whole};
  }
}

/// Pieces need not be spelled in the byte alphabet where each of its letters is a token.
void Bpe::index_bytes() {
  if (!options_.continuing_prefix.empty()) return;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string letter = to_letters(std::string(1, static_cast<char>(byte)));
    const auto id = vocabulary_.find(letter);
    const auto last = vocabulary_.find(letter + options_.word_end);
    if (!id || !last) return;
    byte_[byte] = *id;
    last_byte_[byte] = *last;
  }
  reads_bytes_ = true;
  if (!options_.ignore_merges) return;
  for (int64_t i = 0; i < vocabulary_.size(); ++i) {
    if (const auto bytes = from_letters(vocabulary_.token_at(i))) {
      words_.add(*bytes, vocabulary_.id_at(i), "");
    }
  }
}

bool Bpe::add_bytes(std::string_view spelled, std::vector<Symbol>& symbols) const {
  const auto id = [&](char c) { return fallback_[static_cast<unsigned char>(c)]; };
  if (std::ranges::any_of(spelled, [&](char c) { return id(c) < 0; })) return false;
  for (const char c : spelled) symbols.push_back({id(c), 1});
  return true;
}

std::vector<Bpe::Symbol> Bpe::symbols(std::string_view piece) const {
  std::vector<Symbol> symbols;
  symbols.reserve(piece.size());
  std::optional<Symbol> pending;  // unknown characters that may be fused with the next one
  const auto flush = [&] {
    if (pending) symbols.push_back(*pending);
    pending.reset();
  };
  std::string spelled;
  for (std::size_t at = 0; at < piece.size();) {
    const uint32_t size = decode_at(piece, at).size;
    spelled.clear();
    if (at > 0) spelled += options_.continuing_prefix;
    spelled += piece.substr(at, size);
    at += size;
    if (at == piece.size()) spelled += options_.word_end;
    if (const auto id = vocabulary_.find(spelled)) {
      flush();
      symbols.push_back({*id, size});
    } else if (options_.byte_fallback && add_bytes(spelled, symbols)) {
      continue;
    } else if (options_.unknown) {
      if (!unknown_) {
        throw Error({.what = "the unknown token " + io::excerpt(*options_.unknown) +
                             " is not in the vocabulary, and the text holds " +
                             io::excerpt(spelled),
                     .remedy = "add the token to the vocabulary"});
      }
      if (pending && options_.fuse_unknown) {
        pending->size += size;
        continue;
      }
      flush();
      pending = Symbol{*unknown_, size};
    }
  }
  flush();
  return symbols;
}

void Bpe::merge(std::vector<Symbol>& symbols) const {
  if (symbols.size() <= kShortWord) {
    merge_short(symbols);
  } else {
    merge_long(symbols);
  }
}

/// The lowest rank, the leftmost of equals, again and again; ranks[i] is that of (i, i + 1).
void Bpe::merge_short(std::vector<Symbol>& symbols) const {
  std::array<const Merge*, kShortWord> next = {};
  const auto look_up = [&](std::size_t i) {
    next[i] = i + 1 < symbols.size() ? merge_of(symbols[i].id, symbols[i + 1].id) : nullptr;
  };
  for (std::size_t i = 0; i < symbols.size(); ++i) look_up(i);
  while (true) {
    std::size_t best = 0;
    uint32_t rank = kNoRank;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      if (next[i] == nullptr || next[i]->rank >= rank) continue;
      best = i;
      rank = next[i]->rank;
    }
    if (rank == kNoRank) return;
    symbols[best] = {next[best]->id, symbols[best].size + symbols[best + 1].size};
    for (std::size_t i = best + 1; i + 1 < symbols.size(); ++i) {
      symbols[i] = symbols[i + 1];
      next[i] = next[i + 1];
    }
    symbols.pop_back();
    look_up(best);
    if (best > 0) look_up(best - 1);
  }
}

/// The same with a heap: O(n log n) for a word of a million characters.
void Bpe::merge_long(std::vector<Symbol>& symbols) const {
  struct Candidate {
    uint32_t rank;
    uint32_t place;
    int32_t left;
    int32_t right;
    bool operator>(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : place > other.place;
    }
  };
  constexpr uint32_t kEnd = UINT32_MAX;
  const auto count = static_cast<uint32_t>(symbols.size());
  std::vector<uint32_t> after(count);
  std::vector<uint32_t> before(count);
  std::vector<bool> gone(count, false);
  for (uint32_t i = 0; i < count; ++i) {
    after[i] = i + 1 < count ? i + 1 : kEnd;
    before[i] = i > 0 ? i - 1 : kEnd;
  }
  std::vector<Candidate> initial;
  const auto candidate = [&](uint32_t i) -> std::optional<Candidate> {
    if (i == kEnd || after[i] == kEnd) return std::nullopt;
    const int32_t left = symbols[i].id;
    const int32_t right = symbols[after[i]].id;
    const Merge* const found = merge_of(left, right);
    if (found == nullptr) return std::nullopt;
    return Candidate{found->rank, i, left, right};
  };
  for (uint32_t i = 0; i < count; ++i) {
    if (const auto found = candidate(i)) initial.push_back(*found);
  }
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue(std::greater<>{},
                                                                               std::move(initial));
  while (!queue.empty()) {
    const Candidate top = queue.top();
    queue.pop();
    const uint32_t right = gone[top.place] ? kEnd : after[top.place];
    if (right == kEnd || symbols[top.place].id != top.left || symbols[right].id != top.right) {
      continue;  // one of the two has been merged since
    }
    symbols[top.place] = {merge_of(top.left, top.right)->id,
                          symbols[top.place].size + symbols[right].size};
    gone[right] = true;
    after[top.place] = after[right];
    if (after[right] != kEnd) before[after[right]] = top.place;
    if (const auto found = candidate(before[top.place])) queue.push(*found);
    if (const auto found = candidate(top.place)) queue.push(*found);
  }
  std::size_t kept = 0;
  for (uint32_t i = 0; i < count; ++i) {
    if (!gone[i]) symbols[kept++] = symbols[i];
  }
  symbols.resize(kept);
}

void Bpe::tokenize(std::string_view piece, std::vector<Token>& out) const {
  if (options_.ignore_merges) {
    if (const auto id = vocabulary_.find(piece)) {
      out.push_back({*id, 0, static_cast<uint32_t>(piece.size())});
      return;
    }
  }
  std::vector<Symbol> word = symbols(piece);
  merge(word);
  uint32_t begin = 0;
  for (const Symbol& symbol : word) {
    out.push_back({symbol.id, begin, begin + symbol.size});
    begin += symbol.size;
  }
}

void Bpe::tokenize_bytes(std::string_view piece, std::vector<Token>& out) const {
  if (options_.ignore_merges) {
    if (const auto id = words_.find(piece)) {
      out.push_back({*id, 0, 0});
      return;
    }
  }
  std::vector<Symbol> word;
  word.reserve(piece.size());
  for (const char c : piece) word.push_back({byte_[static_cast<unsigned char>(c)], 1});
  word.back().id = last_byte_[static_cast<unsigned char>(piece.back())];
  merge(word);
  for (const Symbol& symbol : word) out.push_back({symbol.id, 0, 0});
}

namespace {

/// "a b", or ["a", "b"] since tokens may hold spaces.
MergePair read_merge(const JsonNode& node) {
  if (node.value().is_array()) {
    const auto sides = node.items();
    if (sides.size() != 2)
      node.refuse("has " + std::to_string(sides.size()) + " sides, expected 2");
    return {sides[0].text(), sides[1].text()};
  }
  const std::string& text = node.text();
  const std::size_t space = text.find(' ');
  if (space == text.npos || text.find(' ', space + 1) != text.npos) {
    node.refuse("is " + io::excerpt(text) + ", expected two tokens and a space between them");
  }
  return {text.substr(0, space), text.substr(space + 1)};
}

}  // namespace

ModelPtr read_bpe(const JsonNode& node) {
  if (const auto dropout = node.find("dropout"); dropout && dropout->number() != 0) {
    dropout->refuse("is not 0: merges that are left out at random are not supported",
                    "set dropout to null");
  }
  std::vector<MergePair> merges;
  const auto entries = node.at("merges").items();
  merges.reserve(entries.size());
  for (const JsonNode& entry : entries) merges.push_back(read_merge(entry));
  BpeOptions options{.continuing_prefix = node.text_or("continuing_subword_prefix", ""),
                     .word_end = node.text_or("end_of_word_suffix", ""),
                     .fuse_unknown = node.flag("fuse_unk", false),
                     .byte_fallback = node.flag("byte_fallback", false),
                     .ignore_merges = node.flag("ignore_merges", false)};
  if (const auto unknown = node.find("unk_token")) options.unknown = unknown->text();
  return std::make_unique<Bpe>(read_vocabulary(node.at("vocab")), merges, std::move(options),
                               node.at("merges").where());
}

}  // namespace relata::text
