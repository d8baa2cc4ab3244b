// How an index lies in a Store.
#pragma once

#include <string_view>

#include "relata/index/index.h"
#include "relata/io/store.h"

namespace relata::index {

/// Places of the columns that every index has; those in bfloat16 and of metadata follow.
inline constexpr size_t kVectors = 0;
inline constexpr size_t kContents = 1;
inline constexpr size_t kTexts = 2;
inline constexpr size_t kFixedColumns = 3;

inline size_t first_metadata(const IndexSchema& schema) {
  return kFixedColumns + (schema.bf16 ? 1 : 0);
}

/// Throws Error for a width below 1, and columns without a name or of one name.
io::StoreSchema store_schema(const IndexSchema& schema);

/// The reverse. Throws Error naming `where` for a Store that is no index, or one of a later
/// version.
IndexSchema index_schema(const io::StoreSchema& schema, std::string_view where);

}  // namespace relata::index
