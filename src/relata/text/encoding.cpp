#include "relata/text/encoding.h"

#include <algorithm>
#include <string>
#include <utility>

#include "relata/base/error.h"

namespace relata::text {
namespace {

template <typename T>
void append_all(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

template <typename T>
void keep(std::vector<T>& values, std::size_t length, Side side) {
  if (values.size() <= length) return;
  const auto surplus = static_cast<std::ptrdiff_t>(values.size() - length);
  if (side == Side::kRight) {
    values.resize(length);
  } else {
    values.erase(values.begin(), values.begin() + surplus);
  }
}

template <typename T>
void extend(std::vector<T>& values, std::size_t count, Side side, T value) {
  values.insert(side == Side::kRight ? values.end() : values.begin(), count, value);
}

/// What a pair of lengths becomes: the longer one is cut to the shorter, then both alike.
std::pair<int64_t, int64_t> longest_first(int64_t first, int64_t second, int64_t limit) {
  int64_t shorter = std::min(first, second);
  int64_t longer = shorter > limit ? shorter : std::max(shorter, limit - shorter);
  if (shorter + longer > limit) {
    shorter = limit / 2;
    longer = shorter + limit % 2;
  }
  return first > second ? std::pair(longer, shorter) : std::pair(shorter, longer);
}

}  // namespace

void Encoding::append(const Encoding& other) {
  append_all(ids, other.ids);
  append_all(type_ids, other.type_ids);
  append_all(special_mask, other.special_mask);
  append_all(attention_mask, other.attention_mask);
  append_all(offsets, other.offsets);
  append_all(margins, other.margins);
}

void Encoding::append_special(int32_t id, int32_t type_id) {
  ids.push_back(id);
  type_ids.push_back(type_id);
  special_mask.push_back(1);
  attention_mask.push_back(1);
  if (!with_offsets) return;
  offsets.emplace_back();
  margins.emplace_back();
}

void Encoding::truncate(int64_t length, Side side) {
  const auto kept = static_cast<std::size_t>(std::max<int64_t>(length, 0));
  keep(ids, kept, side);
  keep(type_ids, kept, side);
  keep(special_mask, kept, side);
  keep(attention_mask, kept, side);
  keep(offsets, kept, side);
  keep(margins, kept, side);
}

void Encoding::pad(int64_t length, const Padding& padding) {
  if (std::cmp_greater_equal(size(), length)) return;
  const std::size_t count = static_cast<std::size_t>(length) - size();
  extend(ids, count, padding.side, padding.id);
  extend(type_ids, count, padding.side, padding.type_id);
  extend(special_mask, count, padding.side, 1);
  extend(attention_mask, count, padding.side, 0);
  if (!with_offsets) return;
  extend(offsets, count, padding.side, Offset{});
  extend(margins, count, padding.side, Margin{});
}

void truncate(std::vector<Encoding>& encodings, const Truncation& truncation, int64_t max_length) {
  using Strategy = Truncation::Strategy;
  int64_t total = 0;
  for (const Encoding& encoding : encodings) total += static_cast<int64_t>(encoding.size());
  if (max_length <= 0) {
    for (Encoding& encoding : encodings) encoding.truncate(0, truncation.side);
    return;
  }
  if (total <= max_length) return;
  if (truncation.strategy == Strategy::kLongestFirst) {
    if (encodings.size() == 1) return encodings[0].truncate(max_length, truncation.side);
    const auto [first, second] =
        longest_first(static_cast<int64_t>(encodings[0].size()),
                      static_cast<int64_t>(encodings[1].size()), max_length);
    encodings[0].truncate(first, truncation.side);
    encodings[1].truncate(second, truncation.side);
    return;
  }
  const std::size_t index = truncation.strategy == Strategy::kOnlyFirst ? 0 : 1;
  if (index >= encodings.size()) {
    throw Error({.what = "truncation only_second needs a pair of texts",
                 .remedy = "give the second text or use longest_first"});
  }
  const int64_t left = static_cast<int64_t>(encodings[index].size()) - (total - max_length);
  if (left <= 0) {
    throw Error({.what = "the text to be truncated is too short to bring the pair to " +
                         std::to_string(max_length) + " tokens",
                 .remedy = "use longest_first or a larger length"});
  }
  encodings[index].truncate(left, truncation.side);
}

void pad(std::vector<Encoding>& encodings, const Padding& padding) {
  int64_t length = padding.length.value_or(0);
  if (!padding.length) {
    for (const Encoding& encoding : encodings) {
      length = std::max(length, static_cast<int64_t>(encoding.size()));
    }
  }
  if (const int64_t multiple = std::max<int64_t>(padding.multiple_of, 1); length % multiple > 0) {
    length += multiple - length % multiple;
  }
  for (Encoding& encoding : encodings) encoding.pad(length, padding);
}

}  // namespace relata::text
