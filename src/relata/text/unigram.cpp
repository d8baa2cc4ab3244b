#include "relata/text/unigram.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/utf8.h"
#include "relata/text/utf8.h"

namespace relata::text {
namespace {

constexpr double kUnknownPenalty = 10;  // below the lowest score of the vocabulary

/// The number as the library reads its shortest decimal form: digits as an integer, rounded, then
/// divided by a power of ten, rounded again. The last bit decides between paths of equal sums.
double read_by_library(double value) {
  std::array<char, 32> form = {};
  const auto end = std::to_chars(form.data(), form.data() + form.size(), std::abs(value),
                                 std::chars_format::scientific)
                       .ptr;
  uint64_t digits = 0;
  int exponent = 0;
  bool fraction = false;
  for (const char* at = form.data(); at != end; ++at) {
    if (*at == 'e') {
      int scale = 0;
      std::from_chars(at[1] == '+' ? at + 2 : at + 1, end, scale);
      exponent += scale;
      break;
    }
    if (*at == '.') {
      fraction = true;
      continue;
    }
    digits = digits * 10 + static_cast<uint64_t>(*at - '0');
    exponent -= fraction ? 1 : 0;
  }
  const double power = std::stod("1e" + std::to_string(std::min(std::abs(exponent), 308)));
  const auto whole = static_cast<double>(digits);
  const double result = exponent < 0 ? whole / power : whole * power;
  return std::signbit(value) ? -result : result;
}

uint64_t edge(int32_t node, char byte) {
  return static_cast<uint64_t>(static_cast<uint32_t>(node)) << 8U |
         static_cast<unsigned char>(byte);
}

}  // namespace

Unigram::Unigram(const std::vector<Entry>& entries, std::optional<int64_t> unknown,
                 bool byte_fallback, std::string_view where)
    : ids_(1, -1), byte_fallback_(byte_fallback) {
  if (unknown && (*unknown < 0 || std::cmp_greater_equal(*unknown, entries.size()))) {
    throw Error({.what = "unk_id " + std::to_string(*unknown) + " is no id of the " +
                         std::to_string(entries.size()) + " pieces",
                 .where = std::string(where)});
  }
  if (unknown) unknown_ = static_cast<int32_t>(*unknown);
  double lowest = std::numeric_limits<double>::infinity();
  vocabulary_.reserve(entries.size());
  for (std::size_t id = 0; id < entries.size(); ++id) {
    const auto& [piece, score] = entries[id];
    if (!std::isfinite(score)) {
      throw Error({.what = "piece " + io::excerpt(piece) + " has a score that is not finite",
                   .where = std::string(where)});
    }
    vocabulary_.set(piece, static_cast<int64_t>(id), where);
    scores_.push_back(score);
    lowest = std::min(lowest, score);
    add_piece(piece, static_cast<int32_t>(id));
  }
  unknown_score_ = lowest - kUnknownPenalty;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const int32_t* const node = edges_.find(edge(0, static_cast<char>(byte)));
    first_[byte] = node == nullptr ? -1 : *node;
    bytes_[byte] = vocabulary_.find(byte_token(byte)).value_or(-1);
  }
}

void Unigram::add_piece(std::string_view piece, int32_t id) {
  int32_t node = 0;
  for (const char byte : piece) {
    int32_t& next = edges_[edge(node, byte)];
    if (next == 0) {  // the root is nobody's child
      next = static_cast<int32_t>(ids_.size());
      ids_.push_back(-1);
    }
    node = next;
  }
  if (node != 0) ids_[static_cast<std::size_t>(node)] = id;
}

int32_t Unigram::require_unknown(std::string_view text) const {
  if (unknown_) return *unknown_;
  throw Error({.what = "the vocabulary has no unknown token (unk_id), and the text holds " +
                       io::excerpt(text),
               .remedy = "name unk_id in the tokenizer"});
}

std::vector<Unigram::Node> Unigram::best_paths(std::string_view text) const {
  std::vector<Node> nodes(text.size() + 1);
  const auto offer = [&](std::size_t begin, std::size_t end, int32_t id, double score) {
    Node& node = nodes[end];
    if (node.begin >= 0 && score <= node.score) return;
    node = {score, id, static_cast<int32_t>(begin)};
  };
  for (std::size_t begin = 0; begin < text.size();) {
    const double so_far = nodes[begin].score;
    const std::size_t one = begin + decode_at(text, begin).size;
    bool single = false;
    int32_t node = first_[static_cast<unsigned char>(text[begin])];
    for (std::size_t end = begin + 1; node >= 0; ++end) {
      if (const int32_t id = ids_[static_cast<std::size_t>(node)]; id >= 0) {
        offer(begin, end, id, scores_[static_cast<std::size_t>(id)] + so_far);
        single |= end == one;
      }
      if (end == text.size()) break;
      const int32_t* const next = edges_.find(edge(node, text[end]));
      node = next == nullptr ? -1 : *next;
    }
    if (!single) {
      offer(begin, one, require_unknown(text.substr(begin, one - begin)), unknown_score_ + so_far);
    }
    begin = one;
  }
  return nodes;
}

void Unigram::add_token(std::string_view text, uint32_t begin, uint32_t end,
                        std::vector<Token>& out) const {
  const std::string_view piece = text.substr(begin, end - begin);
  if (const auto id = vocabulary_.find(piece)) {
    out.push_back({*id, begin, end});
    return;
  }
  const auto id_of = [&](char c) { return bytes_[static_cast<unsigned char>(c)]; };
  if (byte_fallback_ && std::ranges::all_of(piece, [&](char c) { return id_of(c) >= 0; })) {
    for (const char c : piece) out.push_back({id_of(c), begin, end});
    return;
  }
  out.push_back({require_unknown(piece), begin, end});
}

void Unigram::tokenize(std::string_view piece, std::vector<Token>& out) const {
  const std::vector<Node> nodes = best_paths(piece);
  std::vector<Span> spans;  // from the last to the first
  bool fusing = false;
  for (auto end = static_cast<int32_t>(piece.size()); end > 0;) {
    const Node& node = nodes[static_cast<std::size_t>(end)];
    const bool unknown = unknown_ && node.id == *unknown_;
    if (unknown && fusing) {
      spans.back().begin = static_cast<uint32_t>(node.begin);
    } else {
      spans.push_back({static_cast<uint32_t>(node.begin), static_cast<uint32_t>(end)});
    }
    fusing = unknown;
    end = node.begin;
  }
  for (auto span = spans.rbegin(); span != spans.rend(); ++span) {
    add_token(piece, span->begin, span->end, out);
  }
}

ModelPtr read_unigram(const JsonNode& node) {
  std::vector<Unigram::Entry> entries;
  const JsonNode vocabulary = node.at("vocab");
  for (const JsonNode& entry : vocabulary.items()) {
    const auto parts = entry.items();
    if (parts.size() != 2) entry.refuse("is no pair of a piece and its score");
    entries.push_back({parts[0].text(), read_by_library(parts[1].number())});
  }
  std::optional<int64_t> unknown;
  if (const auto id = node.find("unk_id")) unknown = id->integer(0, kMostTokens - 1);
  return std::make_unique<Unigram>(entries, unknown, node.flag("byte_fallback", false),
                                   node.where());
}

}  // namespace relata::text
