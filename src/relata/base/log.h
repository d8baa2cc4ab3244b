// Log lines for people: on stderr, so that stdout stays data.
#pragma once

#include <spdlog/spdlog.h>

namespace relata {

enum class Verbosity { kNormal, kQuiet };

/// Sends spdlog's default logger to stderr; quiet keeps warnings and errors only. Called once, by a
/// `main`.
void set_up_logging(Verbosity verbosity);

}  // namespace relata
