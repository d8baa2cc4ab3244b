#include "relata/metrics/paired.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "relata/base/error.h"
#include "relata/metrics/check.h"
#include "relata/metrics/student.h"

namespace relata::metrics {
namespace {

/// P(X ≤ k) of X ~ Binomial(n, ½), k < n / 2.
/// Long double keeps ln C(n, k) exact to 1e-12 for millions of rows.
double lower_tail(int64_t k, int64_t n) {
  const auto log_factorial = [](int64_t m) { return std::lgamma(static_cast<long double>(m) + 1); };
  const long double log_term = log_factorial(n) - log_factorial(k) - log_factorial(n - k) -
                               static_cast<long double>(n) * std::log(2.0L);
  // P(k) + P(k − 1) + …,   P(j − 1) = P(j) · j / (n − j + 1), falling ever faster
  long double term = 1;
  long double sum = 0;
  for (int64_t j = k; j >= 0 && term > sum * std::numeric_limits<long double>::epsilon(); --j) {
    sum += term;
    term *= static_cast<long double>(j) / static_cast<long double>(n - j + 1);
  }
  return static_cast<double>(std::exp(log_term) * sum);
}

void check_sample(const Sample& sample) {
  const bool has_spread = sample.n < 2 || (sample.sd >= 0 && std::isfinite(sample.sd));
  if (sample.n >= 1 && std::isfinite(sample.mean) && has_spread) return;
  throw Error({.what = fmt::format("mean {}, sd {}, n {} describe no sample", sample.mean,
                                   sample.sd, sample.n)});
}

WelchTest welch_without_spread(const Sample& a, const Sample& b) {
  const auto df = static_cast<double>(a.n + b.n - 2);
  if (a.mean == b.mean) return {.t = 0, .df = df, .p = 1};
  const double sign = a.mean > b.mean ? 1 : -1;
  return {.t = sign * std::numeric_limits<double>::infinity(), .df = df, .p = 0};
}

}  // namespace

McNemarTest mcnemar(int64_t only_a, int64_t only_b) {
  if (only_a < 0 || only_b < 0) {
    throw Error({.what = fmt::format("{} and {} are no counts of rows", only_a, only_b)});
  }
  const int64_t smaller = std::min(only_a, only_b);
  // p = min(1, 2 P(X ≤ min(b, c))),   X ~ Binomial(b + c, ½)
  const double p = only_a == only_b ? 1 : std::min(1.0, 2 * lower_tail(smaller, only_a + only_b));
  return {.only_a = only_a, .only_b = only_b, .p = p};
}

McNemarTest mcnemar(std::span<const int64_t> predictions_a, std::span<const int64_t> predictions_b,
                    std::span<const int64_t> labels) {
  check_same_rows("predictions of the first", predictions_a.size(), "labels", labels.size());
  check_same_rows("predictions of the second", predictions_b.size(), "labels", labels.size());
  int64_t only_a = 0;
  int64_t only_b = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const bool a_is_right = predictions_a[i] == labels[i];
    const bool b_is_right = predictions_b[i] == labels[i];
    if (a_is_right && !b_is_right) ++only_a;
    if (b_is_right && !a_is_right) ++only_b;
  }
  return mcnemar(only_a, only_b);
}

HolmCorrection holm(std::span<const double> p_values, double level) {
  for (const double p : p_values) {
    if (!(p >= 0 && p <= 1)) throw Error({.what = fmt::format("{} is no p-value", p)});
  }
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, std::ranges::less(), [&](size_t test) { return p_values[test]; });
  HolmCorrection result{.adjusted = std::vector<double>(p_values.size()),
                        .rejected = std::vector<bool>(p_values.size())};
  double largest = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    // adjusted p_(i) = max_{j ≤ i} min(1, (m − j + 1) p_(j)), counted from 1
    const double scaled = static_cast<double>(order.size() - i) * p_values[order[i]];
    largest = std::max(largest, std::min(1.0, scaled));
    result.adjusted[order[i]] = largest;
    result.rejected[order[i]] = largest <= level;
  }
  return result;
}

WelchTest welch(const Sample& a, const Sample& b) {
  check_sample(a);
  check_sample(b);
  if (a.n < 2 || b.n < 2) {
    constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
    return {.t = kUnknown, .df = kUnknown, .p = kUnknown};
  }
  const auto n_a = static_cast<double>(a.n);
  const auto n_b = static_cast<double>(b.n);
  const double v_a = a.sd * a.sd / n_a;
  const double v_b = b.sd * b.sd / n_b;
  if (v_a + v_b == 0) return welch_without_spread(a, b);
  // t = (m_a − m_b) / √(v_a + v_b),   v = s² / n
  const double t = (a.mean - b.mean) / std::sqrt(v_a + v_b);
  // df = (v_a + v_b)² / (v_a² / (n_a − 1) + v_b² / (n_b − 1)),   in shares u = v / (v_a + v_b)
  const double u_a = v_a / (v_a + v_b);
  const double u_b = v_b / (v_a + v_b);
  const double df = 1 / (u_a * u_a / (n_a - 1) + u_b * u_b / (n_b - 1));
  return {.t = t, .df = df, .p = student_t_two_sided(t, df)};
}

}  // namespace relata::metrics
