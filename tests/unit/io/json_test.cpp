#include "relata/io/json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "unit/io/support.h"

namespace relata::io {
namespace {

using nlohmann::json;

TEST(StrictJson, BuildsWhatTheLibraryBuilds) {
  for (const char* text : {"null", "true", "-3", "18446744073709551615", "2.5e-3", R"("é\u00e9\n")",
                           "[]", "{}", R"([1, [2, {"a": []}], {"b": {"c": null}}, "x"])",
                           R"({"a": [1, {"a": 2}], "b": {"a": 3}})", " \n{\"x\": 1}\n"}) {
    EXPECT_EQ(parse_json_strict(text, "t"), json::parse(text)) << text;
  }
}

TEST(StrictJson, RefusesDuplicateKeysWithTheirPlace) {
  EXPECT_THAT([] { parse_json_strict("{\"a\": 1,\n \"b\": 2, \"a\": 3}", "d.json"); },
              fails_with("d.json:2:13: key \"a\" appears twice in the same object"));
  EXPECT_THAT([] { parse_json_strict(R"([{"x": {"k": 1, "k": 1}}])", "d"); },
              fails_with("key \"k\" appears twice"));
}

TEST(StrictJson, NamesLineAndColumnOfBadSyntax) {
  EXPECT_THAT([] { parse_json_strict("{\"a\": 1,\n \"b\": ]}", "d.json"); },
              fails_with("d.json:2:7: is not valid JSON: syntax error"));
  EXPECT_THAT([] { parse_json_strict("{} {}", "d"); }, fails_with("d:1:4: is not valid JSON"));
  EXPECT_THAT([] { parse_json_strict("", "d"); }, fails_with("d:1:1: is not valid JSON"));
  EXPECT_THAT([] { parse_json_strict("[NaN]", "d"); }, fails_with("is not valid JSON"));
  EXPECT_THAT([] { parse_json_strict("[1,]", "d"); }, fails_with("is not valid JSON"));
  EXPECT_THAT([] { parse_json_strict("[1", "d"); }, fails_with("is not valid JSON"));
  EXPECT_THAT([] { parse_json_strict("x", "d", 7); }, fails_with("d:7:1: is not valid JSON"));
}

TEST(StrictJson, SeesWhatFollowsAZeroByte) {
  EXPECT_THAT([] { parse_json_strict(std::string_view("{}\0x", 4), "d"); },
              fails_with("d:1:3: has a zero byte"));
}

TEST(StrictJson, RefusesBrokenUtf8) {
  EXPECT_THAT([] { parse_json_strict("{\"a\": \"\xFF\"}", "d"); },
              fails_with("d:1:8: is not valid UTF-8 at \"\\xff"));
  EXPECT_THAT([] { parse_json_strict(R"(["\ud800"])", "d"); }, fails_with("is not valid JSON"));
}

TEST(StrictJson, RefusesNumbersThatLoseDigits) {
  EXPECT_THAT([] { parse_json_strict("[18446744073709551616]", "d"); },
              fails_with("integer 18446744073709551616 does not fit into 64 bits"));
  EXPECT_THAT([] { parse_json_strict("1e999", "d"); },
              fails_with("is not valid JSON: number overflow"));
}

TEST(StrictJson, StopsAtTheDepthLimit) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_NO_THROW(parse_json_strict(nested(kJsonDepth), "d"));
  EXPECT_THAT([&] { parse_json_strict(nested(kJsonDepth + 1), "d"); },
              fails_with("is nested deeper than 256 levels"));
  EXPECT_THAT([] { parse_json_strict(std::string(1'000'000, '['), "d"); }, fails_with("deeper"));
}

TEST(NumberOrNull, IsNullWhereJsonHasNoNumber) {
  EXPECT_EQ(to_line(number_or_null(0.5)), "0.5");
  EXPECT_EQ(to_line(number_or_null(NAN)), "null");
  EXPECT_EQ(to_line(number_or_null(-INFINITY)), "null");
  EXPECT_EQ(number_or_nan(number_or_null(0.5)), 0.5);
  EXPECT_TRUE(std::isnan(number_or_nan(number_or_null(NAN))));
}

TEST(ToLine, IsCompactAndComesBack) {
  const json record = {{"id", "ü"}, {"n", 1}, {"text", "a\nb"}};
  EXPECT_EQ(to_line(record), R"({"id":"ü","n":1,"text":"a\nb"})");
  EXPECT_EQ(parse_json_strict(to_line(record), "t"), record);
}

TEST(ToLine, RefusesBrokenUtf8) {
  EXPECT_THAT([] { to_line(json("\xFF")); }, fails_with("not valid UTF-8"));
}

}  // namespace
}  // namespace relata::io
