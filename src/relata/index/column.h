// Metadata of items: typed values, absent ones allowed, and how they lie in a Store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "relata/io/store.h"

namespace relata::index {

enum class ColumnKind { kString, kInteger, kReal, kStrings };

/// "string", "integer", "real", "strings".
std::string_view kind_name(ColumnKind kind);
std::optional<ColumnKind> kind_of(std::string_view name);

struct Column {
  std::string name;
  ColumnKind kind = ColumnKind::kString;
  bool operator==(const Column&) const = default;
};

/// Absent, or of the kind of its column.
using Value = std::variant<std::monostate, std::string, int64_t, double, std::vector<std::string>>;

/// The column of a Store that holds such values: ragged, an absent one has no element.
io::StoreColumn stored_column(const Column& column);

/// The bytes of a value and how many elements they are. Throws Error naming the column for a value
/// of another kind, a real that is NaN, and text that is not UTF-8. Integers are taken as reals.
struct StoredValue {
  std::string bytes;
  int64_t elements = 0;
};
StoredValue stored_value(const Column& column, const Value& value);

// The reverse, of the bytes of one item; nothing if absent. Each throws Error for malformed bytes.
// Views point into the bytes.
std::optional<std::string_view> string_in(std::span<const std::byte> bytes);
std::optional<int64_t> integer_in(std::span<const std::byte> bytes);
std::optional<double> real_in(std::span<const std::byte> bytes);
std::optional<std::vector<std::string_view>> strings_in(std::span<const std::byte> bytes);
Value value_in(ColumnKind kind, std::span<const std::byte> bytes);

}  // namespace relata::index
