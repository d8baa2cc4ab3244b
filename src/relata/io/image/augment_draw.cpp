#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/image/augment.h"

namespace relata::io {
namespace {

constexpr int kTries = 10;

double uniform(const std::array<double, 2>& range, CounterRng& rng) {
  return range[0] + (range[1] - range[0]) * rng.uniform();
}

double log_uniform(const std::array<double, 2>& range, CounterRng& rng) {
  return std::exp(uniform({std::log(range[0]), std::log(range[1])}, rng));
}

int64_t whole_below(int64_t bound, CounterRng& rng) {
  return static_cast<int64_t>(rng.below(static_cast<uint64_t>(bound)));
}

/// As Python's round: half to even.
int64_t rounded(double x) { return static_cast<int64_t>(std::nearbyint(x)); }

}  // namespace

bool draw_chance(double probability, CounterRng& rng) { return rng.uniform() < probability; }

Window draw_crop(int64_t width, int64_t height, int64_t crop_width, int64_t crop_height,
                 CounterRng& rng) {
  if (crop_width > width || crop_height > height) {
    throw Error({.what = "a crop of " + std::to_string(crop_width) + " × " +
                         std::to_string(crop_height) + " does not fit into a picture of " +
                         std::to_string(width) + " × " + std::to_string(height),
                 .remedy = "pad the picture or crop less"});
  }
  const int64_t y = whole_below(height - crop_height + 1, rng);
  const int64_t x = whole_below(width - crop_width + 1, rng);
  return {.x = x, .y = y, .width = crop_width, .height = crop_height};
}

Window draw_resized_crop(int64_t width, int64_t height, const ResizedCropRange& range,
                         CounterRng& rng) {
  const auto area = static_cast<double>(width * height);
  for (int i = 0; i < kTries; ++i) {
    const double target = area * uniform(range.scale, rng);
    const double aspect = log_uniform(range.aspect, rng);
    const int64_t w = rounded(std::sqrt(target * aspect));
    const int64_t h = rounded(std::sqrt(target / aspect));
    if (w > 0 && w <= width && h > 0 && h <= height) return draw_crop(width, height, w, h, rng);
  }
  const double aspect = static_cast<double>(width) / static_cast<double>(height);
  int64_t w = width;
  int64_t h = height;
  if (aspect < range.aspect[0]) h = rounded(static_cast<double>(w) / range.aspect[0]);
  if (aspect > range.aspect[1]) w = rounded(static_cast<double>(h) * range.aspect[1]);
  return {.x = (width - w) / 2, .y = (height - h) / 2, .width = w, .height = h};
}

std::optional<Window> draw_erasing(int64_t width, int64_t height, const ErasingRange& range,
                                   CounterRng& rng) {
  const auto area = static_cast<double>(width * height);
  for (int i = 0; i < kTries; ++i) {
    const double target = area * uniform(range.scale, rng);
    const double aspect = log_uniform(range.aspect, rng);
    const int64_t h = rounded(std::sqrt(target * aspect));
    const int64_t w = rounded(std::sqrt(target / aspect));
    if (h < height && w < width) return draw_crop(width, height, w, h, rng);
  }
  return std::nullopt;
}

std::vector<Jitter> draw_jitter(const JitterRange& range, CounterRng& rng) {
  std::vector<Jitter> steps;
  const auto add = [&](JitterStep step, double centre, double half_width) {
    if (half_width <= 0) return;
    const double low = centre > 0 ? std::max(0.0, centre - half_width) : -half_width;
    steps.push_back({.step = step, .amount = uniform({low, centre + half_width}, rng)});
  };
  add(JitterStep::kBrightness, 1, range.brightness);
  add(JitterStep::kContrast, 1, range.contrast);
  add(JitterStep::kSaturation, 1, range.saturation);
  add(JitterStep::kHue, 0, range.hue);
  for (std::size_t i = steps.size(); i > 1; --i) {  // Fisher and Yates
    std::swap(steps[i - 1], steps[rng.below(i)]);
  }
  return steps;
}

}  // namespace relata::io
