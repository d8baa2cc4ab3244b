#include "relata/io/number.h"

#include <cmath>
#include <limits>

#include "unit/io/support.h"

namespace relata::io {
namespace {

TEST(ParseNumber, ReadsDecimals) {
  EXPECT_EQ(parse_number("1.5"), 1.5);
  EXPECT_EQ(parse_number(" \t-2e3 "), -2000.0);
  EXPECT_EQ(parse_number("+7"), 7.0);
  EXPECT_EQ(parse_number(".5"), 0.5);
  EXPECT_EQ(parse_number("1."), 1.0);
  EXPECT_EQ(parse_number("0.1"), 0.1);
  EXPECT_EQ(parse_number("1e-320"), 1e-320);
}

TEST(ParseNumber, ReadsMissingValuesAsQuietNaN) {
  for (const char* text : {"", "  ", "NA", "na", "NaN", "nan", "NAN", " Na "}) {
    EXPECT_TRUE(is_missing(text)) << text;
    EXPECT_TRUE(std::isnan(parse_number(text).value_or(0))) << text;
  }
  EXPECT_FALSE(is_missing("0"));
  EXPECT_FALSE(is_missing("NAN1"));
}

TEST(ParseNumber, ReadsInfinityAndUnderflow) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(parse_number("inf"), kInfinity);
  EXPECT_EQ(parse_number("-Infinity"), -kInfinity);
  EXPECT_EQ(parse_number("+INF"), kInfinity);
  EXPECT_EQ(parse_number("1e-400"), 0.0);
  EXPECT_EQ(parse_number("1E-400"), 0.0);
}

TEST(ParseNumber, TellsTooSmallFromTooLargeByDigitsAndExponent) {
  const std::string zeros(400, '0');
  const std::vector<std::string> small = {"0." + zeros + "1",
                                          "-0." + zeros + "1",
                                          "." + zeros + "9e10",
                                          "0." + zeros + "1e20",
                                          "1" + zeros + "e-800",
                                          "0.1e-99999999999999999999",
                                          "25.5e-340"};
  for (const std::string& text : small) EXPECT_EQ(parse_number(text), 0.0) << text;
  const std::vector<std::string> large = {"1" + zeros,
                                          "-1" + zeros,
                                          "1" + zeros + "e-1",
                                          zeros + "1" + zeros + ".5e-2",
                                          "0.1e99999999999999999999",
                                          "1" + zeros + "e+1",
                                          "0." + zeros + "1e800"};
  for (const std::string& text : large) EXPECT_EQ(parse_number(text), std::nullopt) << text;
  EXPECT_EQ(parse_number("1" + zeros + "e-400"), 1.0);
  EXPECT_EQ(parse_number("0." + zeros + "1e401"), 1.0);
  EXPECT_EQ(parse_number("0e999"), 0.0);
}

TEST(ParseNumber, RefusesWhatIsNoDecimal) {
  for (const char* text : {"x", "1x", "1,5", "0x10", "1e", "--1", "+-1", "1 2", "nan(1)", "1e999",
                           "-1e999", "+", "-", "N/A", "1_000"}) {
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace relata::io
