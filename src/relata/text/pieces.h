// A text cut into pieces on its way to the model: one buffer, ranges in it. A piece that is an
// added token has its id already and is not touched any more.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relata/text/pattern.h"
#include "relata/text/tracked_text.h"

namespace relata::text {

struct Piece {
  Span span;
  int32_t token = -1;  ///< the id of an added token
};

class Pieces {
 public:
  explicit Pieces(bool tracked) : tracked_(tracked) {}

  bool tracked() const { return tracked_; }
  std::span<const Piece> all() const { return pieces_; }
  std::string_view view(const Piece& piece) const {
    return std::string_view(text_).substr(piece.span.begin, piece.span.end - piece.span.begin);
  }
  /// One for each byte of the piece, if tracked.
  std::span<const Span> origins(const Piece& piece) const;

  /// Appends [begin, end) of `text`; an empty range is dropped.
  void append(const TrackedText& text, Span range, int32_t token);
  /// Takes all of an untracked text as one piece, without a copy.
  void take(std::string text);

  /// Cuts every piece that is no token by `pattern`.
  void split(const Pattern& pattern, SplitBehavior behavior, bool invert = false);
  /// Cuts by single code points.
  void split(const std::function<bool(char32_t)>& matches, SplitBehavior behavior);

  /// Rewrites every piece that is no token; `edit` appends its new content to the writer.
  class Writer;
  void rewrite(const std::function<void(const Piece&, Writer&)>& edit);

  /// Whether the piece begins with what came from byte 0 of the original.
  bool starts_original(const Piece& piece) const;

 private:
  void cut(const std::function<void(std::string_view, std::vector<Match>&)>& find,
           SplitBehavior behavior);

  std::string text_;
  std::vector<Span> origins_;
  std::vector<Piece> pieces_;
  bool tracked_ = false;
  bool starts_original_ = false;  // of an untracked text
};

/// Appends to the text that replaces the old one.
class Pieces::Writer {
 public:
  Writer(const Pieces& old, Pieces& next) : old_(old), next_(next) {}
  /// `bytes` in place of what came from `origin`.
  void put(std::string_view bytes, Span origin);
  /// Bytes [begin, end) of the old text as they are.
  void copy(uint32_t begin, uint32_t end);
  Span origin(uint32_t at) const { return old_.tracked_ ? old_.origins_[at] : Span{}; }

 private:
  const Pieces& old_;
  Pieces& next_;
};

}  // namespace relata::text
