#include "relata/base/error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace relata {
namespace {

TEST(Error, IsOneLineOfPlaceFaultAndRemedy) {
  const Error error(
      {.what = "expected 3 columns but got\n2", .where = "a.csv:7", .remedy = "mend the row"});
  EXPECT_STREQ(error.what(), "a.csv:7: expected 3 columns but got 2; mend the row");
  EXPECT_EQ(error.exit_code(), 2);
}

TEST(Error, HasNoControlCharacters) {
  const Error error({.what = "the id is '\x1b[2J\t\x7f\u009b1mé\u00a0'"});
  EXPECT_STREQ(error.what(), "the id is ' [2J   1mé\u00a0'");
}

TEST(Error, LeavesOutWhatIsNotSaid) { EXPECT_STREQ(Error({.what = "no data"}).what(), "no data"); }

TEST(Error, AFullDiskIsTheMachinesFault) {
  const Error error = system_error("cannot write", "run/model.safetensors", ENOSPC);
  EXPECT_EQ(error.exit_code(), 1);
  EXPECT_NE(std::string(error.what()).find("free some space"), std::string::npos);
  EXPECT_EQ(system_error("cannot open", "x", ENOENT).exit_code(), 2);
}

}  // namespace
}  // namespace relata
