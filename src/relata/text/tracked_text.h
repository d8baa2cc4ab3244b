// A text that is being rewritten and, if asked, still knows which bytes of the original each of its
// bytes came from. The rules of attribution are those of the public `tokenizers` library
// (NormalizedString), since its offsets are the parity target.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relata/text/unicode.h"

namespace relata::text {

/// Bytes [begin, end) of a text.
struct Span {
  uint32_t begin = 0;
  uint32_t end = 0;
  bool operator==(const Span&) const = default;
};

struct Match {
  Span span;
  bool matches = false;
};

class TrackedText {
 public:
  /// `original` stands at byte `start` of the whole original. `tracked`: origins are kept.
  TrackedText(std::string original, uint32_t start, bool tracked);

  std::string_view view() const { return text_; }
  bool tracked() const { return tracked_; }
  bool empty() const { return text_.empty(); }
  /// One for each byte, if tracked.
  std::span<const Span> origins() const { return origins_; }
  /// Whether the text still begins with what came from byte 0 of the whole original.
  bool starts_original() const;

  /// Replaces everything. `changes` cover the old text after its first `dropped` code points.
  void rewrite(std::span<const Change> changes, std::size_t dropped = 0);
  /// Untracked texts may be replaced as a whole.
  void assign_untracked(std::string text) { text_ = std::move(text); }

  void keep_if(const std::function<bool(char32_t)>& keep);
  void map(const std::function<char32_t(char32_t)>& change);
  void lower_case();
  void normalise(NormalForm form);
  void strip(bool left, bool right);
  /// Before a text that is not empty.
  void prepend(std::string_view prefix);
  /// Every matching part becomes `content`.
  void replace(std::span<const Match> matches, std::string_view content);

 private:
  void normalise_untracked(NormalForm form);

  std::string text_;
  std::vector<Span> origins_;
  uint32_t start_ = 0;
  bool tracked_ = false;
  bool front_kept_ = true;
};

}  // namespace relata::text
