#include "relata/text/tokenizer.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <utility>

#include "relata/base/error.h"
#include "relata/base/parallel.h"
#include "relata/io/utf8.h"
#include "relata/text/char_class.h"
#include "relata/text/pieces.h"
#include "relata/text/utf8.h"
#include "relata/text/word_cache.h"

namespace relata::text {
namespace {

constexpr std::size_t kLongestText = std::size_t{1} << 31U;
constexpr char32_t kSpaceLetter = 0x120;  // Ġ: a space in the byte alphabet

/// The text, mended if it is no UTF-8.
class Mended {
 public:
  explicit Mended(std::string_view text) : view_(text) {
    if (text.size() >= kLongestText) {
      throw Error({.what = "the text has " + std::to_string(text.size()) +
                           " bytes, expected less than 2 GiB",
                   .remedy = "cut it into documents"});
    }
    if (!io::invalid_utf8_at(text)) return;
    mended_ = mend_utf8(text);
    view_ = mended_;
  }
  std::string_view view() const { return view_; }

 private:
  std::string mended_;
  std::string_view view_;
};

/// The number of code points before each byte, and of all.
std::vector<uint32_t> code_point_index(std::string_view text) {
  std::vector<uint32_t> index;
  index.reserve(text.size() + 1);
  uint32_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    const uint32_t size = decode_at(text, at).size;
    index.insert(index.end(), size, count);
    at += size;
  }
  index.push_back(count);
  return index;
}

Encoding::Margin margin_of(std::string_view token) {
  const auto blank = [](char32_t code) { return code == kSpaceLetter || is(code, kSpace); };
  Encoding::Margin margin;
  for (std::size_t at = 0; at < token.size();) {
    const auto [code, size] = decode_at(token, at);
    if (!blank(code)) break;
    ++margin.left;
    at += size;
  }
  for (std::size_t end = token.size(); end > 0;) {
    const auto [code, size] = decode_before(token, end);
    if (!blank(code)) break;
    ++margin.right;
    end -= size;
  }
  return margin;
}

/// Code points of the original that bytes [begin, end) of a piece came from.
Offset offset_of(const Token& token, std::span<const Span> origins,
                 std::span<const uint32_t> code_points) {
  const uint32_t start = origins.empty() ? 0 : origins.front().begin;
  Span bytes{start + token.begin, start + token.end};
  if (token.begin < token.end && token.end <= origins.size()) {
    bytes = {origins[token.begin].begin, origins[token.end - 1].end};
  }
  const std::size_t size = code_points.size() - 1;
  if (bytes.begin >= size) return {bytes.begin, bytes.end};  // beyond the text, as the library
  return {code_points[bytes.begin], code_points[std::min<std::size_t>(bytes.end, size)]};
}

}  // namespace

/// Word caches that no call is using.
class Tokenizer::Workspaces {
 public:
  class Lease {
   public:
    explicit Lease(Workspaces& owner) : owner_(owner), cache_(owner.take()) {}
    ~Lease() { owner_.give(std::move(cache_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    WordCache& operator*() { return *cache_; }

   private:
    Workspaces& owner_;
    std::unique_ptr<WordCache> cache_;
  };

 private:
  std::unique_ptr<WordCache> take() {
    const std::scoped_lock lock(mutex_);
    if (free_.empty()) return std::make_unique<WordCache>();
    auto cache = std::move(free_.back());
    free_.pop_back();
    return cache;
  }
  void give(std::unique_ptr<WordCache> cache) {
    const std::scoped_lock lock(mutex_);
    free_.push_back(std::move(cache));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<WordCache>> free_;
};

Tokenizer::Tokenizer(Parts parts)
    : parts_(std::move(parts)),
      added_(parts_.added, *parts_.model, parts_.normalizer.get()),
      bytes_(parts_.pre_tokenizer != nullptr && parts_.pre_tokenizer->spells_bytes() &&
             parts_.model->reads_bytes()),
      workspaces_(std::make_unique<Workspaces>()) {
  if (!parts_.special.unk) parts_.special.unk = parts_.model->unknown();
}

Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

/// Cut by added tokens, normalized, cut by those that are looked for in normalized text, cut by the
/// pre-tokenizer.
Pieces Tokenizer::pieces_of(std::string_view text, const EncodeOptions& options,
                            bool tracked) const {
  const bool specials = options.special == InText::kParse;
  Pieces pieces(tracked);
  for (const TokenSpan& part : added_.cut_raw(text, specials)) {
    const auto [begin, end] = part.span;
    TrackedText segment(std::string(text.substr(begin, end - begin)), begin, tracked);
    const Span whole{0, end - begin};
    if (part.token >= 0) {
      pieces.append(segment, whole, part.token);
      continue;
    }
    if (parts_.normalizer) parts_.normalizer->apply(segment);
    for (const TokenSpan& inner : added_.cut_normalized(segment.view(), specials)) {
      pieces.append(segment, inner.span, inner.token);
    }
  }
  if (!parts_.pre_tokenizer) return pieces;
  if (bytes_ && !tracked) {
    parts_.pre_tokenizer->apply_to_bytes(pieces);
  } else {
    parts_.pre_tokenizer->apply(pieces);
  }
  return pieces;
}

Encoding Tokenizer::ids_of(std::string_view text, const EncodeOptions& options,
                           int32_t type) const {
  const Pieces pieces = pieces_of(text, options, false);
  Encoding encoding{.with_offsets = false};
  encoding.ids.reserve(pieces.all().size() + pieces.all().size() / 4);
  std::vector<Token> tokens;
  std::vector<int32_t> ids;
  const auto tokenize = [&](std::string_view word) -> std::span<const int32_t> {
    tokens.clear();
    ids.clear();
    bytes_ ? parts_.model->tokenize_bytes(word, tokens) : parts_.model->tokenize(word, tokens);
    for (const Token& token : tokens) ids.push_back(token.id);
    return ids;
  };
  Workspaces::Lease cache(*workspaces_);
  for (const Piece& piece : pieces.all()) {
    if (piece.token >= 0) {
      encoding.ids.push_back(piece.token);
    } else {
      (*cache).append(pieces.view(piece), encoding.ids, tokenize);
    }
  }
  encoding.type_ids.assign(encoding.ids.size(), type);
  encoding.special_mask.assign(encoding.ids.size(), 0);
  encoding.attention_mask.assign(encoding.ids.size(), 1);
  return encoding;
}

Encoding Tokenizer::tracked_ids_of(std::string_view text, const EncodeOptions& options,
                                   int32_t type) const {
  const Pieces pieces = pieces_of(text, options, true);
  const std::vector<uint32_t> code_points = code_point_index(text);
  const bool margins = parts_.post_processor != nullptr && parts_.post_processor->trims();
  Encoding encoding;
  std::vector<Token> tokens;
  for (const Piece& piece : pieces.all()) {
    const std::string_view view = pieces.view(piece);
    tokens.clear();
    if (piece.token >= 0) {
      tokens.push_back({piece.token, 0, static_cast<uint32_t>(view.size())});
    } else {
      parts_.model->tokenize(view, tokens);
    }
    for (const Token& token : tokens) {
      encoding.ids.push_back(token.id);
      encoding.offsets.push_back(offset_of(token, pieces.origins(piece), code_points));
      encoding.margins.emplace_back();
      if (!margins) continue;
      encoding.margins.back() = margin_of(
          piece.token >= 0 ? view : parts_.model->vocabulary().token(token.id).value_or(""));
    }
  }
  encoding.type_ids.assign(encoding.ids.size(), type);
  encoding.special_mask.assign(encoding.ids.size(), 0);
  encoding.attention_mask.assign(encoding.ids.size(), 1);
  return encoding;
}

Encoding Tokenizer::finish(std::vector<Encoding> parts, const EncodeOptions& options) const {
  const auto& processor = parts_.post_processor;
  if (options.truncation) {
    const int64_t added = processor && options.add_special ? processor->added(parts.size() > 1) : 0;
    const int64_t room = options.truncation->max_length - added;
    if (room < 0) {
      throw Error({.what = "max_length " + std::to_string(options.truncation->max_length) +
                           " leaves no room for the " + std::to_string(added) +
                           " tokens of the template",
                   .remedy = "use a larger max_length or leave add_special out"});
    }
    truncate(parts, *options.truncation, room);
  }
  if (processor) processor->apply(parts, options.add_special);
  Encoding whole{.with_offsets = options.offsets};
  for (const Encoding& part : parts) whole.append(part);
  return whole;
}

Encoding Tokenizer::encode_texts(std::span<const std::string_view> texts,
                                 const EncodeOptions& options) const {
  std::vector<Encoding> parts;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const Mended text(texts[i]);
    const auto type = static_cast<int32_t>(i);
    parts.push_back(options.offsets ? tracked_ids_of(text.view(), options, type)
                                    : ids_of(text.view(), options, type));
  }
  std::vector<Encoding> one;
  one.push_back(finish(std::move(parts), options));
  if (options.padding) pad(one, *options.padding);
  return std::move(one[0]);
}

Encoding Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  return encode_texts({&text, 1}, options);
}

Encoding Tokenizer::encode_pair(std::string_view first, std::string_view second,
                                const EncodeOptions& options) const {
  const std::string_view texts[] = {first, second};
  return encode_texts(texts, options);
}

std::vector<std::vector<int32_t>> Tokenizer::encode_batch(std::span<const std::string_view> texts,
                                                          EncodeOptions options) const {
  const auto padding = std::exchange(options.padding, {});
  options.offsets = false;
  std::vector<Encoding> encodings(texts.size());
  parallel_for(static_cast<int64_t>(texts.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto at = static_cast<std::size_t>(i);
      encodings[at] = encode_texts(texts.subspan(at, 1), options);
    }
  });
  if (padding) pad(encodings, *padding);
  std::vector<std::vector<int32_t>> ids;
  ids.reserve(encodings.size());
  for (Encoding& encoding : encodings) ids.push_back(std::move(encoding.ids));
  return ids;
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skip_special) const {
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (const int32_t id : ids) {
    auto token = id_to_token(id);
    if (!token || (skip_special && added_.is_special(*token))) continue;
    tokens.push_back(std::move(*token));
  }
  const bool spaces = parts_.decoder == nullptr;
  if (!spaces) parts_.decoder->apply(tokens);
  std::string text;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (spaces && i > 0) text += ' ';
    text += tokens[i];
  }
  return text;
}

int64_t Tokenizer::vocab_size() const {
  return parts_.model->vocabulary().size() + added_.beyond(parts_.model->vocabulary());
}

std::optional<int32_t> Tokenizer::token_to_id(std::string_view token) const {
  if (const auto id = added_.find(token)) return id;
  return parts_.model->vocabulary().find(token);
}

std::optional<std::string> Tokenizer::id_to_token(int32_t id) const {
  auto token = added_.token(id);
  if (!token) token = parts_.model->vocabulary().token(id);
  if (!token) return std::nullopt;
  return std::string(*token);
}

}  // namespace relata::text
