// Conditions on metadata: subject = "biology" and year > 2010, parsed and typed before an item is
// looked at.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relata/base/error.h"
#include "relata/index/column.h"

namespace relata::index {

/// A mistake in a condition, with its place.
class FilterError : public Error {
 public:
  FilterError(std::string_view condition, size_t at, std::string what, std::string remedy);
  /// Two lines: the condition, and a caret below the mistake.
  const std::string& drawing() const { return drawing_; }

 private:
  std::string drawing_;
};

/// condition := all ("or" all)*        all := one ("and" one)*
/// one       := "not" one | "(" condition ")" | column test
/// test      := ("=" | "!=" | "<" | "<=" | ">" | ">=") value | ["not"] "in" "(" value, … ")"
///              | "contains" text
/// A value is a text in single or double quotes (\" \' \\ \n \t), a number, or, with = and !=
/// alone, null: the value is absent. A column is a word of letters, digits, "_", "-" and ".", or
/// anything in backticks. Words of the language may be written in capitals. Every test but = null
/// and != null of an absent value is false. Texts are compared by code point. contains: a part of a
/// string, a whole element of a list of strings; in: a list of strings holds any of them.
class Filter {
 public:
  /// Throws FilterError for bad syntax, a column that is not there (naming those that are), a value
  /// of another type than the column's, and more than 256 nested or 10,000 tests.
  Filter(std::string_view condition, std::span<const Column> columns);
  ~Filter();
  Filter(Filter&&) noexcept;
  Filter& operator=(Filter&&) noexcept;

  /// Gives the stored bytes of a column (its place in `columns`) of the item that is looked at.
  using Cells = std::function<std::span<const std::byte>(size_t column)>;
  bool matches(const Cells& cells) const;

  struct Node;

 private:
  std::unique_ptr<const Node> root_;
};

}  // namespace relata::index
