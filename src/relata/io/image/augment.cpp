#include "relata/io/image/augment.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "relata/base/error.h"
#include "relata/io/image/convert.h"
#include "relata/io/image/exif.h"

namespace relata::io {
namespace {

void require_l_or_rgb(const Image& image) {
  if (image.mode != ImageMode::kL) require_mode(image, ImageMode::kRGB, "an augmentation");
}

uint8_t blended(uint8_t other, uint8_t own, float amount) {
  const float value =
      static_cast<float>(other) + amount * static_cast<float>(int{own} - int{other});
  return static_cast<uint8_t>(std::clamp(value, 0.0F, 255.0F));
}

Image towards_level(Image image, uint8_t level, float amount) {
  for (uint8_t& byte : image.pixels) byte = blended(level, byte, amount);
  return image;
}

uint8_t mean_grey(const Image& image) {
  const Image grey = to_luma(image);
  uint64_t sum = 0;
  for (const uint8_t level : grey.pixels) sum += level;
  return static_cast<uint8_t>(static_cast<double>(sum) / static_cast<double>(grey.pixels.size()) +
                              0.5);
}

Image towards_luma(Image image, float amount) {
  if (image.mode == ImageMode::kL) return image;
  const Image grey = to_luma(image);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    image.pixels[i] = blended(grey.pixels[i / 3], image.pixels[i], amount);
  }
  return image;
}

struct Hsv {
  uint8_t hue = 0;
  uint8_t saturation = 0;
  uint8_t value = 0;
};

/// Pillow's HSV of bytes, with its mixture of float and double.
Hsv to_hsv(const uint8_t* rgb) {
  const uint8_t most = std::max({rgb[0], rgb[1], rgb[2]});
  const uint8_t least = std::min({rgb[0], rgb[1], rgb[2]});
  if (most == least) return {.value = most};
  const auto range = static_cast<float>(most - least);
  const float r = static_cast<float>(most - rgb[0]) / range;
  const float g = static_cast<float>(most - rgb[1]) / range;
  const float b = static_cast<float>(most - rgb[2]) / range;
  float hue = 0;
  if (rgb[0] == most) {
    hue = b - g;
  } else if (rgb[1] == most) {
    hue = static_cast<float>(2.0 + r - b);
  } else {
    hue = static_cast<float>(4.0 + g - r);
  }
  hue = static_cast<float>(std::fmod(hue / 6.0 + 1.0, 1.0));
  const float saturation = range / static_cast<float>(most);
  return {static_cast<uint8_t>(std::clamp(static_cast<int>(hue * 255.0), 0, 255)),
          static_cast<uint8_t>(std::clamp(static_cast<int>(saturation * 255.0), 0, 255)), most};
}

std::array<uint8_t, 3> to_rgb(const Hsv& hsv) {
  const uint8_t v = hsv.value;
  if (hsv.saturation == 0) return {v, v, v};
  const auto hue = static_cast<float>(static_cast<double>(hsv.hue) * 6.0 / 255.0);
  const auto saturation = static_cast<float>(static_cast<double>(hsv.saturation) / 255.0);
  const int sector = static_cast<int>(std::floor(hue));
  const float part = hue - static_cast<float>(sector);
  const auto level = [v](double share) {
    return static_cast<uint8_t>(std::clamp(static_cast<int>(std::round(v * share)), 0, 255));
  };
  const uint8_t p = level(1.0 - saturation);
  const uint8_t q = level(1.0 - saturation * part);
  const uint8_t t = level(1.0 - saturation * (1.0 - part));
  switch (sector % 6) {
    case 0:
      return {v, t, p};
    case 1:
      return {q, v, p};
    case 2:
      return {p, v, t};
    case 3:
      return {p, q, v};
    case 4:
      return {t, p, v};
    default:
      return {v, p, q};
  }
}

/// The hue of bytes is a turn of 256 steps that wraps around.
Image hue_turned(Image image, double amount) {
  if (image.mode == ImageMode::kL) return image;
  const auto turn = static_cast<uint8_t>(static_cast<int>(amount * 255));
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    Hsv hsv = to_hsv(&image.pixels[i]);
    hsv.hue = static_cast<uint8_t>(hsv.hue + turn);
    std::ranges::copy(to_rgb(hsv), image.pixels.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return image;
}

/// w_i ∝ exp(−½ (i/σ)²), sum 1.
std::vector<double> gaussian(int64_t size, double sigma) {
  std::vector<double> weights(static_cast<std::size_t>(size));
  double sum = 0;
  for (int64_t i = 0; i < size; ++i) {
    const double x = static_cast<double>(i - size / 2) / sigma;
    sum += weights[static_cast<std::size_t>(i)] = std::exp(-0.5 * x * x);
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

/// …2 1 0 1 2…
int64_t reflected(int64_t at, int64_t count) {
  if (at < 0) return -at;
  return at < count ? at : 2 * (count - 1) - at;
}

}  // namespace

Image flipped(const Image& image) { return oriented(image, 2); }

Image padded(const Image& image, int64_t margin) {
  return crop(image, {.x = -margin,
                      .y = -margin,
                      .width = image.width + 2 * margin,
                      .height = image.height + 2 * margin});
}

void erase(PixelValues& pixels, const Window& window, const std::array<float, 3>& fill) {
  for (std::size_t c = 0; c < fill.size(); ++c) {
    for (int64_t y = window.y; y < window.y + window.height; ++y) {
      const int64_t row = (static_cast<int64_t>(c) * pixels.height + y) * pixels.width;
      std::fill_n(pixels.values.begin() + row + window.x, window.width, fill[c]);
    }
  }
}

Image jittered(const Image& image, const Jitter& jitter) {
  require_l_or_rgb(image);
  const auto amount = static_cast<float>(jitter.amount);
  switch (jitter.step) {
    case JitterStep::kBrightness:
      return towards_level(image, 0, amount);
    case JitterStep::kContrast:
      return towards_level(image, mean_grey(image), amount);
    case JitterStep::kSaturation:
      return towards_luma(image, amount);
    case JitterStep::kHue:
      break;
  }
  return hue_turned(image, jitter.amount);
}

Image blurred(const Image& image, int64_t size, double sigma) {
  require_l_or_rgb(image);
  const int64_t half = size / 2;
  if (size < 1 || size % 2 == 0 || !(sigma > 0) || half >= image.width || half >= image.height) {
    throw Error({.what = "a blur of " + std::to_string(size) + " pixels, sigma " +
                         std::to_string(sigma) + ", cannot be applied to a picture of " +
                         std::to_string(image.width) + " × " + std::to_string(image.height),
                 .remedy = "use an odd size, less than twice the picture's sides, and a positive "
                           "sigma"});
  }
  const std::vector<double> weights = gaussian(size, sigma);
  const int64_t channels = pixel_bytes(image.mode);
  const int64_t length = image.row_bytes();
  Image out = make_image(image.width, image.height, image.mode);
  std::vector<double> sums(static_cast<std::size_t>(length));
  for (int64_t y = 0; y < image.height; ++y) {
    std::ranges::fill(sums, 0.0);
    for (int64_t t = 0; t < size; ++t) {
      const uint8_t* row = image.row(reflected(y + t - half, image.height)).data();
      const double weight = weights[static_cast<std::size_t>(t)];
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += weight * row[i];
    }
    uint8_t* to = out.row(y).data();
    for (int64_t i = 0; i < length; ++i) {
      double sum = 0;
      for (int64_t t = 0; t < size; ++t) {
        const int64_t x = reflected(i / channels + t - half, image.width);
        sum += weights[static_cast<std::size_t>(t)] *
               sums[static_cast<std::size_t>(x * channels + i % channels)];
      }
      to[i] = static_cast<uint8_t>(std::clamp(std::nearbyint(sum), 0.0, 255.0));
    }
  }
  return out;
}

}  // namespace relata::io
