#include "relata/base/log.h"

#include <gtest/gtest.h>

namespace relata {
namespace {

/// What three lines of log leave on stderr.
std::string logged(Verbosity verbosity) {
  testing::internal::CaptureStderr();
  set_up_logging(verbosity);
  spdlog::info("for information");
  spdlog::warn("a warning");
  spdlog::error("an error");
  spdlog::default_logger()->flush();
  return testing::internal::GetCapturedStderr();
}

TEST(Log, QuietKeepsWarningsAndErrors) {
  EXPECT_EQ(logged(Verbosity::kNormal),
            "info for information\nwarning a warning\nerror an error\n");
  EXPECT_EQ(logged(Verbosity::kQuiet), "warning a warning\nerror an error\n");
}

}  // namespace
}  // namespace relata
