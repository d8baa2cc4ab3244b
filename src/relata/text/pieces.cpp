#include "relata/text/pieces.h"

#include <utility>

#include "relata/text/utf8.h"

namespace relata::text {

std::span<const Span> Pieces::origins(const Piece& piece) const {
  if (!tracked_) return {};
  return std::span(origins_).subspan(piece.span.begin, piece.span.end - piece.span.begin);
}

void Pieces::append(const TrackedText& text, Span range, int32_t token) {
  if (range.begin >= range.end) return;
  const auto base = static_cast<uint32_t>(text_.size());
  const uint32_t size = range.end - range.begin;
  if (pieces_.empty()) starts_original_ = range.begin == 0 && text.starts_original();
  text_.append(text.view().substr(range.begin, size));
  if (tracked_) {
    const auto origins = text.origins().subspan(range.begin, size);
    origins_.insert(origins_.end(), origins.begin(), origins.end());
  }
  pieces_.push_back({{base, base + size}, token});
}

void Pieces::take(std::string text) {
  text_ = std::move(text);
  pieces_ = {{{0, static_cast<uint32_t>(text_.size())}, -1}};
  if (text_.empty()) pieces_.clear();
}

bool Pieces::starts_original(const Piece& piece) const {
  if (tracked_) return origins_[piece.span.begin].begin == 0;
  return starts_original_ && piece.span.begin == 0;
}

void Pieces::cut(const std::function<void(std::string_view, std::vector<Match>&)>& find,
                 SplitBehavior behavior) {
  std::vector<Piece> cut;
  cut.reserve(pieces_.size() + text_.size() / 4);
  std::vector<Match> parts;
  for (const Piece& piece : pieces_) {
    if (piece.token >= 0) {
      cut.push_back(piece);
      continue;
    }
    parts.clear();
    find(view(piece), parts);
    apply_behavior(behavior, parts);
    const uint32_t base = piece.span.begin;
    for (const Match& part : parts) {
      if (part.span.begin == part.span.end) continue;
      cut.push_back({{base + part.span.begin, base + part.span.end}, -1});
    }
  }
  pieces_ = std::move(cut);
}

void Pieces::split(const Pattern& pattern, SplitBehavior behavior, bool invert) {
  cut(
      [&](std::string_view text, std::vector<Match>& parts) {
        pattern.find(text, parts);
        if (!invert) return;
        for (Match& part : parts) part.matches = !part.matches;
      },
      behavior);
}

void Pieces::split(const std::function<bool(char32_t)>& matches, SplitBehavior behavior) {
  cut(
      [&](std::string_view text, std::vector<Match>& parts) {
        uint32_t covered = 0;
        for (uint32_t at = 0; at < text.size();) {
          const auto [code, size] = decode_at(text, at);
          if (matches(code)) {
            if (covered < at) parts.push_back({{covered, at}, false});
            parts.push_back({{at, at + size}, true});
            covered = at + size;
          }
          at += size;
        }
        if (covered < text.size()) {
          parts.push_back({{covered, static_cast<uint32_t>(text.size())}, false});
        }
      },
      behavior);
}

void Pieces::rewrite(const std::function<void(const Piece&, Writer&)>& edit) {
  Pieces next(tracked_);
  next.starts_original_ = starts_original_;
  next.text_.reserve(text_.size() + text_.size() / 8);
  if (tracked_) next.origins_.reserve(text_.size() + text_.size() / 8);
  next.pieces_.reserve(pieces_.size());
  Writer writer(*this, next);
  for (const Piece& piece : pieces_) {
    const auto begin = static_cast<uint32_t>(next.text_.size());
    if (piece.token >= 0) {
      writer.copy(piece.span.begin, piece.span.end);
    } else {
      edit(piece, writer);
    }
    const auto end = static_cast<uint32_t>(next.text_.size());
    if (end > begin) next.pieces_.push_back({{begin, end}, piece.token});
  }
  *this = std::move(next);
}

void Pieces::Writer::put(std::string_view bytes, Span origin) {
  next_.text_ += bytes;
  if (next_.tracked_) next_.origins_.insert(next_.origins_.end(), bytes.size(), origin);
}

void Pieces::Writer::copy(uint32_t begin, uint32_t end) {
  next_.text_.append(old_.text_, begin, end - begin);
  if (!next_.tracked_) return;
  next_.origins_.insert(next_.origins_.end(), old_.origins_.begin() + begin,
                        old_.origins_.begin() + end);
}

}  // namespace relata::text
