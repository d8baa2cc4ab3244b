// Tensors as views of a flat storage: where their elements lie, and their dense copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace relata::io {

/// Element [i, j, …] is number offset + i · strides[0] + j · strides[1] + … of the storage.
struct Strided {
  std::vector<int64_t> shape = {};
  std::vector<int64_t> strides = {};
  int64_t offset = 0;
};

/// Throws Error naming `where` unless there are as many strides as axes, nothing is negative, and
/// all elements lie within a storage of `count`.
void check_strided(const Strided& view, int64_t count, std::string_view where);

/// Whether the elements lie end to end, row-major.
bool is_dense(const Strided& view);

/// The elements of a checked view, row-major. `width`: bytes of an element.
std::vector<std::byte> dense_copy(const Strided& view, std::span<const std::byte> storage,
                                  std::size_t width);

}  // namespace relata::io
