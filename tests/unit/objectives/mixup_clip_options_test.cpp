// Every option of mixup_clip against loops that restate its definition, and against central
// differences.
#include <gtest/gtest.h>

#include "support/gradient.h"
#include "unit/objectives/example.h"

namespace relata::objectives {
namespace {

using torch::Tensor;
using Matrix = std::vector<std::vector<double>>;

Matrix loops_of(const Tensor& x) {
  Matrix m(static_cast<size_t>(x.size(0)), std::vector<double>(static_cast<size_t>(x.size(1))));
  for (size_t i = 0; i < m.size(); ++i) {
    for (size_t j = 0; j < m[i].size(); ++j) {
      m[i][j] = x[static_cast<int64_t>(i)][static_cast<int64_t>(j)].item<double>();
    }
  }
  return m;
}

double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t k = 0; k < a.size(); ++k) {
    ab += a[k] * b[k];
    aa += a[k] * a[k];
    bb += b[k] * b[k];
  }
  return ab / std::sqrt(aa * bb);
}

/// −mean_i Σ_j t_ij log softmax(s)_ij
double cross_entropy(const Matrix& s, const Matrix& t) {
  double sum = 0;
  for (size_t i = 0; i < s.size(); ++i) {
    double z = 0;
    for (const double x : s[i]) z += std::exp(x);
    for (size_t j = 0; j < s.size(); ++j) sum -= t[i][j] * (s[i][j] - std::log(z));
  }
  return sum / static_cast<double>(s.size());
}

Matrix transposed(const Matrix& m) {
  Matrix t = m;
  for (size_t i = 0; i < m.size(); ++i) {
    for (size_t j = 0; j < m.size(); ++j) t[j][i] = m[i][j];
  }
  return t;
}

Matrix targets(const Mixing& m, FixedPoint fixed_point) {
  const auto n = static_cast<size_t>(m.permutation.size(0));
  Matrix t(n, std::vector<double>(n, 0));
  for (size_t i = 0; i < n; ++i) {
    const auto row = static_cast<int64_t>(i);
    const double c = m.coefficients[row].item<double>();
    const auto partner = static_cast<size_t>(m.permutation[row].item<int64_t>());
    t[i][i] = c;
    if (fixed_point == FixedPoint::kAccumulate) t[i][partner] += 1 - c;
    if (fixed_point == FixedPoint::kOverwrite) t[i][partner] = 1 - c;
  }
  return t;
}

void normalise_rows(Matrix& t) {
  for (auto& row : t) {
    double sum = 0;
    for (const double x : row) sum += x;
    for (double& x : row) x /= std::max(sum, 1e-12);
  }
}

double plain(const Tensor& a, const Tensor& b, const Mixing& m, const MixupClipOptions& options) {
  const Matrix rows_a = loops_of(a), rows_b = loops_of(b);
  Matrix s = targets(m, options.fixed_point);
  for (size_t i = 0; i < s.size(); ++i) {
    for (size_t j = 0; j < s.size(); ++j)
      s[i][j] = cosine(rows_a[i], rows_b[j]) / options.temperature;
  }
  const Matrix t = targets(m, options.fixed_point);
  Matrix back = transposed(t);
  if (options.backward == BackwardTargets::kNormalised) normalise_rows(back);
  return 0.5 * (cross_entropy(s, t) + cross_entropy(transposed(s), back));
}

std::vector<MixupClipOptions> all_options() {
  std::vector<MixupClipOptions> all;
  for (const auto point : {FixedPoint::kOverwrite, FixedPoint::kAccumulate}) {
    for (const auto back : {BackwardTargets::kAsReleased, BackwardTargets::kNormalised}) {
      for (const double t : {0.1, 0.7}) {
        all.push_back({.temperature = t, .fixed_point = point, .backward = back});
      }
    }
  }
  return all;
}

/// With a mixed and an unmixed fixed point.
Mixing with_fixed_points() { return mixing({0, 1, 4, 2, 3}, {.6, 1, .3, .45, 1}); }

TEST(MixupClipOptions, EqualThePlainRestatement) {
  for (const MixupClipOptions& options : all_options()) {
    for (const Mixing& m : {example_mixing(), with_fixed_points()}) {
      EXPECT_NEAR(mixup_clip(example_p(), example_q(), m, options).item<double>(),
                  plain(example_p(), example_q(), m, options), 1e-12);
    }
  }
}

TEST(MixupClipOptions, HaveTheGradientOfCentralDifferencesOnACleanFixedSide) {  // invariant (c)
  const Mixing m = with_fixed_points();
  for (const MixupClipOptions& options : all_options()) {
    if (options.temperature < .5) continue;  // the other one is smoother
    const auto of_a = [&](auto& a) { return mixup_clip(mix_rows(a, m), example_q(), m, options); };
    const auto of_b = [&](auto& b) { return mixup_clip(mix_rows(example_p(), m), b, m, options); };
    test::expect_gradient(of_a, example_p());
    test::expect_gradient(of_b, example_q());
  }
}

TEST(MixupClipOptions, HaveTheGradientOfCentralDifferencesOnAMixedFixedSide) {  // invariant (c)
  const Mixing m = with_fixed_points(), other = image_mixing();
  for (const MixupClipOptions& options : all_options()) {
    if (options.temperature < .5) continue;  // the other one is smoother
    const auto loss = [&](const Tensor& a, const Tensor& b) {
      return mixup_clip(mix_rows(a, m), mix_rows(b, other), m, options);
    };
    test::expect_gradient([&](auto& a) { return loss(a, example_q()); }, example_p());
    test::expect_gradient([&](auto& b) { return loss(example_p(), b); }, example_q());
  }
}

TEST(MixupTargets, PutTheMassOnBothPartners) {
  const Tensor t = mixup_targets(example_mixing(), FixedPoint::kOverwrite);
  EXPECT_LT(test::distance(t.sum(1), torch::ones({5}, torch::kFloat64)), 1e-15);
  EXPECT_DOUBLE_EQ(t[0][0].item<double>(), .9);
  EXPECT_DOUBLE_EQ(t[0][2].item<double>(), 1 - .9);
  EXPECT_DOUBLE_EQ(t[2][4].item<double>(), .7);
  EXPECT_EQ(t.scalar_type(), torch::kFloat64);
}

TEST(MixupTargets, AtFixedPointsDependOnTheOption) {
  const Tensor overwritten = mixup_targets(with_fixed_points(), FixedPoint::kOverwrite);
  EXPECT_DOUBLE_EQ(overwritten[0][0].item<double>(), 1 - .6);
  EXPECT_DOUBLE_EQ(overwritten[1][1].item<double>(), 0);
  const Tensor accumulated = mixup_targets(with_fixed_points(), FixedPoint::kAccumulate);
  EXPECT_DOUBLE_EQ(accumulated[0][0].item<double>(), 1);
  EXPECT_DOUBLE_EQ(accumulated[1][1].item<double>(), 1);
}

TEST(MixRows, MixesEachRowWithItsPartnerWhateverTheShape) {
  const Tensor x = torch::arange(40, torch::kFloat64).view({5, 4, 2});
  const Tensor mixed = mix_rows(x, example_mixing());
  EXPECT_LT(test::distance(mixed[0], .9 * x[0] + .1 * x[2]), 1e-12);
  EXPECT_LT(test::distance(mixed[1], x[1]), 1e-12);
  EXPECT_LT(test::distance(mixed[2], .3 * x[2] + .7 * x[4]), 1e-12);
  EXPECT_LT(test::distance(mixed[3], .6 * x[3] + .4 * x[1]), 1e-12);
}

TEST(MixRows, LeavesItsInputAlone) {
  const Tensor x = example_p();
  mix_rows(x, example_mixing());
  EXPECT_EQ(test::distance(x, example_p()), 0);
}

TEST(MixRows, HasTheGradientOfCentralDifferences) {
  test::expect_gradient([](auto& x) { return mix_rows(x, example_mixing()).pow(3).sum(); },
                        example_p());
}

}  // namespace
}  // namespace relata::objectives
