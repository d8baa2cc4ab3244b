#include "relata/base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>

namespace relata {

void set_up_logging(Verbosity verbosity) {
  static const auto logger = spdlog::stderr_color_mt("relata");
  logger->set_pattern("%^%l%$ %v");
  logger->set_level(verbosity == Verbosity::kQuiet ? spdlog::level::warn : spdlog::level::info);
  spdlog::set_default_logger(logger);
}

}  // namespace relata
