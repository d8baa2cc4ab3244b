// What a text becomes: ids and, beside each, where it came from and what it is for.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace relata::text {

/// Code points [begin, end) of the text that was given.
struct Offset {
  int64_t begin = 0;
  int64_t end = 0;
  bool operator==(const Offset&) const = default;
};

enum class Side { kLeft, kRight };

struct Truncation {
  /// Which of a pair is cut.
  enum class Strategy { kLongestFirst, kOnlyFirst, kOnlySecond };
  int64_t max_length = 512;  ///< tokens, those of the template included
  Strategy strategy = Strategy::kLongestFirst;
  Side side = Side::kRight;  ///< where it is cut
};

struct Padding {
  std::optional<int64_t> length =
      {};                   ///< at least that many tokens; none: the longest of the batch
  int64_t multiple_of = 1;  ///< and rounded up to it
  Side side = Side::kRight;
  int32_t id = 0;
  int32_t type_id = 0;
};

struct Encoding {
  std::vector<int32_t> ids = {};
  std::vector<int32_t> type_ids = {};
  std::vector<int32_t> special_mask = {};    ///< 1: of the template or padding
  std::vector<int32_t> attention_mask = {};  ///< 0: padding
  std::vector<Offset> offsets = {};          ///< only if with_offsets
  bool with_offsets = true;

  /// White space at the ends of each token's text, in code points: what trim_offsets takes away.
  struct Margin {
    uint32_t left = 0;
    uint32_t right = 0;
  };
  std::vector<Margin> margins = {};

  std::size_t size() const { return ids.size(); }

  void append(const Encoding& other);
  /// A token of the template.
  void append_special(int32_t id, int32_t type_id);
  /// Keeps at most `length` tokens.
  void truncate(int64_t length, Side side);
  void pad(int64_t length, const Padding& padding);
};

/// Cuts one or two encodings to `max_length` tokens together. Throws Error if the one to be cut is
/// missing or too short for it.
void truncate(std::vector<Encoding>& encodings, const Truncation& truncation, int64_t max_length);

/// Pads all to one length.
void pad(std::vector<Encoding>& encodings, const Padding& padding);

}  // namespace relata::text
