#include "relata/metrics/student.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace relata::metrics {
namespace {

TEST(StudentT, HasClosedFormsForOneAndTwoDegreesOfFreedom) {
  for (const double t : {0.0, 1e-8, 0.3, 1.0, 2.5, 40.0, 1e6}) {
    EXPECT_NEAR(student_t_two_sided(t, 1), 1 - 2 * std::atan(t) / std::numbers::pi, 1e-13);
    EXPECT_NEAR(student_t_two_sided(-t, 2), 1 - t / std::sqrt(2 + t * t), 1e-13);
  }
  EXPECT_EQ(student_t_two_sided(INFINITY, 3), 0);
}

TEST(StudentT, KeepsItsDigitsInTheTails) {
  // p = 1 − t / √(2 + t²) → 1 / t²
  EXPECT_NEAR(student_t_two_sided(1e8, 2) * 1e16, 1, 1e-12);
  // scipy 1.17: 2 · stats.t.sf(10, 1000)
  EXPECT_NEAR(student_t_two_sided(10, 1000) / 1.6670702958600137e-22, 1, 1e-11);
}

TEST(IncompleteBeta, OfOneIsAPower) {
  // I_x(a, 1) = x^a,   I_x(1, b) = 1 − (1 − x)^b
  for (const double x : {1e-9, 0.2, 0.5, 0.93, 1 - 1e-9}) {
    EXPECT_NEAR(incomplete_beta(x, 2.5, 1), std::pow(x, 2.5), 1e-14);
    EXPECT_NEAR(incomplete_beta(x, 1, 40), 1 - std::pow(1 - x, 40), 1e-14);
  }
  EXPECT_EQ(incomplete_beta(0, 2, 3), 0);
  EXPECT_EQ(incomplete_beta(1, 2, 3), 1);
}

}  // namespace
}  // namespace relata::metrics
