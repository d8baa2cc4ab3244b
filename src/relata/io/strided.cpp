#include "relata/io/strided.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "relata/base/error.h"
#include "relata/io/dtype.h"

namespace relata::io {
namespace {

bool is_empty(const Strided& view) { return std::ranges::find(view.shape, 0) != view.shape.end(); }

/// The number of the last element, or -1 if it does not fit into 63 bits.
int64_t last_element(const Strided& view) {
  int64_t last = view.offset;
  for (std::size_t axis = 0; axis < view.shape.size(); ++axis) {
    int64_t step = 0;
    if (__builtin_mul_overflow(view.shape[axis] - 1, view.strides[axis], &step) ||
        __builtin_add_overflow(last, step, &last)) {
      return -1;
    }
  }
  return last;
}

template <std::size_t kWidth>
void copy_row(const std::byte* from, std::size_t step, int64_t count, std::byte* to) {
  for (int64_t i = 0; i < count; ++i, from += step, to += kWidth) std::memcpy(to, from, kWidth);
}

/// `count` elements that lie `step` bytes apart.
void copy_elements(const std::byte* from, std::size_t step, int64_t count, std::size_t width,
                   std::byte* to) {
  if (step == width) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * width);
  } else if (width == 1) {
    copy_row<1>(from, step, count, to);
  } else if (width == 2) {
    copy_row<2>(from, step, count, to);
  } else if (width == 4) {
    copy_row<4>(from, step, count, to);
  } else {
    copy_row<8>(from, step, count, to);
  }
}

/// The next index of all axes but the last; false behind the last one.
bool next_index(std::vector<int64_t>& index, std::span<const int64_t> shape) {
  for (std::size_t axis = index.size(); axis-- > 0;) {
    if (++index[axis] < shape[axis]) return true;
    index[axis] = 0;
  }
  return false;
}

}  // namespace

void check_strided(const Strided& view, int64_t count, std::string_view where) {
  const auto refuse = [&](const std::string& what) {
    throw Error({.what = what,
                 .where = std::string(where),
                 .remedy = "the file is damaged; fetch or write it again"});
  };
  if (view.shape.size() != view.strides.size()) {
    refuse("shape " + shape_text(view.shape) + " has other axes than strides " +
           shape_text(view.strides));
  }
  const auto negative = [](int64_t number) { return number < 0; };
  if (std::ranges::any_of(view.shape, negative) || std::ranges::any_of(view.strides, negative) ||
      view.offset < 0) {
    refuse("shape " + shape_text(view.shape) + ", strides " + shape_text(view.strides) +
           " or offset " + std::to_string(view.offset) + " is negative");
  }
  element_count(view.shape, where);
  if (is_empty(view)) return;
  const int64_t last = last_element(view);
  if (last < 0 || last >= count) {
    refuse("shape " + shape_text(view.shape) + ", strides " + shape_text(view.strides) +
           " and offset " + std::to_string(view.offset) + " reach beyond the storage of " +
           std::to_string(count) + " elements");
  }
}

bool is_dense(const Strided& view) {
  if (is_empty(view)) return true;
  int64_t stride = 1;
  for (std::size_t axis = view.shape.size(); axis-- > 0;) {
    if (view.shape[axis] != 1 && view.strides[axis] != stride) return false;
    stride *= view.shape[axis];
  }
  return true;
}

std::vector<std::byte> dense_copy(const Strided& view, std::span<const std::byte> storage,
                                  std::size_t width) {
  const auto count = static_cast<std::size_t>(element_count(view.shape, ""));
  std::vector<std::byte> copy(count * width);
  if (copy.empty()) return copy;
  const std::size_t axes = view.shape.size();
  const int64_t row = axes == 0 ? 1 : view.shape.back();
  const int64_t step = axes == 0 ? 1 : view.strides.back();
  std::vector<int64_t> index(axes == 0 ? 0 : axes - 1);
  std::byte* to = copy.data();
  do {
    int64_t begin = view.offset;
    for (std::size_t axis = 0; axis < index.size(); ++axis)
      begin += index[axis] * view.strides[axis];
    copy_elements(&storage[static_cast<std::size_t>(begin) * width],
                  static_cast<std::size_t>(step) * width, row, width, to);
    to += static_cast<std::size_t>(row) * width;
  } while (next_index(index, view.shape));
  return copy;
}

}  // namespace relata::io
