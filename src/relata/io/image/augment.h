// Random changes of a picture, in two halves: draw_… takes numbers from a row's generator, and what
// they say is applied by a pure function that tests can feed by hand.
// Formulas: torchvision 0.10 and later on Pillow pictures; pictures are kL or kRGB.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "relata/base/counter_rng.h"
#include "relata/io/image/preprocessing.h"

namespace relata::io {

/// Whether something of that probability happens; one draw.
bool draw_chance(double probability, CounterRng& rng);

/// Mirrored left to right.
Image flipped(const Image& image);

/// `margin` black pixels on every side.
Image padded(const Image& image, int64_t margin);

/// Upper left corner of a crop, uniform over all places. Throws Error if the crop is larger than
/// the picture.
Window draw_crop(int64_t width, int64_t height, int64_t crop_width, int64_t crop_height,
                 CounterRng& rng);

/// torchvision's RandomResizedCrop; apply with crop and resize.
struct ResizedCropRange {
  std::array<double, 2> scale = {0.08, 1.0};          ///< share of the area, uniform
  std::array<double, 2> aspect = {3.0 / 4, 4.0 / 3};  ///< width / height, log-uniform
};
/// Up to 10 tries, then the largest centred part whose aspect is within the range.
Window draw_resized_crop(int64_t width, int64_t height, const ResizedCropRange& range,
                         CounterRng& rng);

/// torchvision's RandomErasing, of the values that a tower reads.
struct ErasingRange {
  std::array<double, 2> scale = {0.02, 0.4};  ///< share of the area, uniform
  std::array<double, 2> aspect = {0.3, 3.3};  ///< height / width, log-uniform
};
/// Up to 10 tries; nothing if none is smaller than the picture on both sides.
std::optional<Window> draw_erasing(int64_t width, int64_t height, const ErasingRange& range,
                                   CounterRng& rng);
/// Channel c of the window becomes fill[c], which stands in normalised space.
void erase(PixelValues& pixels, const Window& window, const std::array<float, 3>& fill);

enum class JitterStep { kBrightness, kContrast, kSaturation, kHue };
/// Half-widths: factors are uniform on [max(0, 1 − a), 1 + a], the hue's on [−a, a] of a turn
/// (a ≤ ½); a step of half-width 0 is left out.
struct JitterRange {
  double brightness = 0;
  double contrast = 0;
  double saturation = 0;
  double hue = 0;
};
struct Jitter {
  JitterStep step = JitterStep::kBrightness;
  double amount = 1;
};
/// The steps in a random order.
std::vector<Jitter> draw_jitter(const JitterRange& range, CounterRng& rng);
/// Towards black, towards the mean grey (rounded), towards the picture's own luma: out = other +
/// amount · (picture − other) in float32, cut to bytes, as Pillow's ImageEnhance; or the hue turned
/// by `amount` in Pillow's HSV of bytes. Throws Error for other modes than kL and kRGB.
Image jittered(const Image& image, const Jitter& jitter);

/// The bytes under a Gaussian window of `size` (odd) pixels, reflected at the edges, in double,
/// rounded half to even; torchvision computes it in float32, so that a byte in some thousands
/// differs by 1. Throws Error for an even size, one that the picture is too small to reflect, or a
/// sigma that is not positive.
Image blurred(const Image& image, int64_t size, double sigma);

}  // namespace relata::io
