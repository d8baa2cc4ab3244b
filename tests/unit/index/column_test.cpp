#include "relata/index/column.h"

#include <gtest/gtest.h>

#include <limits>

#include "relata/base/error.h"

namespace relata::index {
namespace {

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

void expect_kept(ColumnKind kind, const Value& value, int64_t elements) {
  const StoredValue stored = stored_value({.name = "c", .kind = kind}, value);
  EXPECT_EQ(stored.elements, elements);
  EXPECT_EQ(value_in(kind, bytes(stored.bytes)), value);
}

TEST(Column, ValuesAreKept) {
  expect_kept(ColumnKind::kString, std::string("grün"), 6);
  expect_kept(ColumnKind::kString, std::string(), 1);  // not absent
  expect_kept(ColumnKind::kString, std::string("a\0b", 3), 4);
  expect_kept(ColumnKind::kInteger, std::numeric_limits<int64_t>::min(), 1);
  expect_kept(ColumnKind::kReal, -0.5, 1);
  expect_kept(ColumnKind::kStrings, std::vector<std::string>{"", "two", ""}, 4 + 4 + 4 + 3 + 4);
  expect_kept(ColumnKind::kStrings, std::vector<std::string>{}, 4);
  for (const ColumnKind kind :
       {ColumnKind::kString, ColumnKind::kInteger, ColumnKind::kReal, ColumnKind::kStrings})
    expect_kept(kind, std::monostate(), 0);
}

TEST(Column, IntegersAreReals) {
  const StoredValue stored = stored_value({.name = "c", .kind = ColumnKind::kReal}, int64_t{3});
  EXPECT_EQ(real_in(bytes(stored.bytes)), 3.0);
}

TEST(Column, OtherKindsAreRefused) {
  const auto refused = [](ColumnKind kind, const Value& value) {
    EXPECT_THROW(stored_value({.name = "c", .kind = kind}, value), Error);
  };
  refused(ColumnKind::kString, int64_t{1});
  refused(ColumnKind::kString, std::string("\xFF"));
  refused(ColumnKind::kInteger, 1.5);
  refused(ColumnKind::kInteger, std::string("1"));
  refused(ColumnKind::kReal, std::numeric_limits<double>::quiet_NaN());
  refused(ColumnKind::kReal, std::vector<std::string>{});
  refused(ColumnKind::kStrings, std::string("one"));
  refused(ColumnKind::kStrings, std::vector<std::string>{"\xFF"});
}

TEST(Column, MalformedBytesAreRefused) {
  EXPECT_THROW(string_in(bytes("\x02xyz")), Error);
  EXPECT_THROW(integer_in(bytes("1234567")), Error);
  EXPECT_THROW(real_in(bytes("123456789")), Error);
  const std::string good =
      stored_value({.name = "c", .kind = ColumnKind::kStrings}, std::vector<std::string>{"ab", "c"})
          .bytes;
  EXPECT_NO_THROW(strings_in(bytes(good)));
  for (size_t size = 1; size < good.size(); ++size)
    EXPECT_THROW(strings_in(bytes(good.substr(0, size))), Error) << size;
  EXPECT_THROW(strings_in(bytes(good + "x")), Error);
  std::string many = good;
  many[3] = '\x7F';  // a count of 2^30 and more
  EXPECT_THROW(strings_in(bytes(many)), Error);
  std::string longer = good;
  longer[4] = 4;  // the first text reaches into the second
  EXPECT_THROW(strings_in(bytes(longer)), Error);
}

TEST(Column, KindsHaveNames) {
  for (const char* name : {"string", "integer", "real", "strings"})
    EXPECT_EQ(kind_name(*kind_of(name)), name);
  EXPECT_FALSE(kind_of("text"));
}

}  // namespace
}  // namespace relata::index
