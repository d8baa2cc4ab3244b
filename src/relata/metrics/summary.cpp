#include "relata/metrics/summary.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

#include "relata/metrics/check.h"

namespace relata::metrics {

double mean(std::span<const double> values) {
  check_rows(std::ssize(values));
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double sample_sd(std::span<const double> values) {
  const double centre = mean(values);
  if (values.size() == 1) return std::numeric_limits<double>::quiet_NaN();
  double squares = 0;
  for (const double value : values) squares += (value - centre) * (value - centre);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

std::string percent_points(std::span<const double> shares, int decimals) {
  constexpr double kPercent = 100;
  const double centre = kPercent * mean(shares);
  if (shares.size() == 1) return fmt::format("{:.{}f}", centre, decimals);
  return fmt::format("{:.{}f} ± {:.{}f}", centre, decimals, kPercent * sample_sd(shares), decimals);
}

}  // namespace relata::metrics
