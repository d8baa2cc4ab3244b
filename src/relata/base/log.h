// Log lines for people: on stderr, so that stdout stays data.
#pragma once

#include <spdlog/spdlog.h>

namespace relata {

enum class Verbosity { kNormal, kQuiet };

/// Sends spdlog's default logger to stderr; quiet keeps warnings and errors only. For a `main` or
/// the Python module; a later call changes the verbosity.
void set_up_logging(Verbosity verbosity);

}  // namespace relata
