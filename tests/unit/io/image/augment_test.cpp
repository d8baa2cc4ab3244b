#include "relata/io/image/augment.h"

#include <cmath>
#include <set>

#include "unit/io/image/pictures.h"

namespace relata::io {
namespace {

constexpr int kDraws = 2000;

TEST(DrawCrop, ReachesEveryPlace) {
  std::set<std::pair<int64_t, int64_t>> seen;
  CounterRng rng(1);
  for (int i = 0; i < kDraws; ++i) {
    const Window window = draw_crop(6, 5, 4, 4, rng);
    EXPECT_EQ(window.width, 4);
    seen.emplace(window.x, window.y);
  }
  EXPECT_EQ(seen.size(), 6U);  // x 0…2, y 0…1
  EXPECT_EQ(seen.rbegin()->first, 2);
  EXPECT_THAT([&] { draw_crop(3, 5, 4, 4, rng); }, fails_with("does not fit"));
}

TEST(DrawResizedCrop, StaysWithinItsRanges) {
  CounterRng rng(2);
  double sum = 0;
  for (int i = 0; i < kDraws; ++i) {
    const Window w = draw_resized_crop(400, 300, {.scale = {0.2, 1.0}}, rng);
    EXPECT_TRUE(w.x >= 0 && w.y >= 0 && w.x + w.width <= 400 && w.y + w.height <= 300);
    const double aspect = static_cast<double>(w.width) / static_cast<double>(w.height);
    EXPECT_GT(aspect, 0.74);
    EXPECT_LT(aspect, 1.35);
    const double share = static_cast<double>(w.width * w.height) / 120'000;
    EXPECT_GT(share, 0.195);
    sum += share;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 0.05);  // large crops are refused more often
}

TEST(DrawResizedCrop, FallsBackToTheMiddle) {
  CounterRng rng(3);
  const ResizedCropRange whole{.scale = {1.0, 1.0}};
  EXPECT_EQ(draw_resized_crop(10, 100, whole, rng), (Window{0, 43, 10, 13}));
  EXPECT_EQ(draw_resized_crop(100, 10, whole, rng), (Window{43, 0, 13, 10}));
}

TEST(DrawErasing, IsSmallerThanThePicture) {
  CounterRng rng(4);
  for (int i = 0; i < kDraws; ++i) {
    const auto w = draw_erasing(128, 384, {}, rng);
    ASSERT_TRUE(w);
    EXPECT_TRUE(w->width < 128 && w->height < 384);
    EXPECT_TRUE(w->x >= 0 && w->y >= 0 && w->x + w->width <= 128 && w->y + w->height <= 384);
    const auto tall = draw_erasing(300, 300, {.scale = {0.02, 0.1}, .aspect = {3.0, 3.3}}, rng);
    ASSERT_TRUE(tall);
    EXPECT_GT(tall->height, 2 * tall->width);
  }
  EXPECT_EQ(draw_erasing(9, 9, {.scale = {1.0, 1.0}}, rng), std::nullopt);
}

TEST(Erase, FillsTheWindowOfEachChannel) {
  PixelValues pixels{.height = 3, .width = 4, .values = std::vector<float>(36, 9.0F)};
  erase(pixels, {1, 1, 2, 2}, {0.5F, 1.5F, 2.5F});
  EXPECT_EQ(pixels.values[4], 9.0F);
  EXPECT_EQ(pixels.values[5], 0.5F);
  EXPECT_EQ(pixels.values[6], 0.5F);
  EXPECT_EQ(pixels.values[7], 9.0F);
  EXPECT_EQ(pixels.values[12 + 9], 1.5F);
  EXPECT_EQ(pixels.values[24 + 10], 2.5F);
  EXPECT_EQ(std::ranges::count(pixels.values, 9.0F), 24);
}

TEST(DrawJitter, OrdersAndBoundsItsSteps) {
  CounterRng rng(5);
  std::set<std::vector<JitterStep>> orders;
  for (int i = 0; i < kDraws; ++i) {
    std::vector<JitterStep> order;
    for (const Jitter& jitter : draw_jitter({.brightness = 0.4, .contrast = 2, .hue = 0.1}, rng)) {
      order.push_back(jitter.step);
      const bool hue = jitter.step == JitterStep::kHue;
      const bool contrast = jitter.step == JitterStep::kContrast;
      EXPECT_GE(jitter.amount, hue ? -0.1 : contrast ? 0.0 : 0.6);
      EXPECT_LE(jitter.amount, hue ? 0.1 : contrast ? 3.0 : 1.4);
    }
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 6U);
}

TEST(Draws, AreAFunctionOfTheRow) {
  CounterRng a(7, 3);
  CounterRng b(7, 3);
  EXPECT_EQ(draw_resized_crop(99, 77, {}, a), draw_resized_crop(99, 77, {}, b));
  EXPECT_FALSE(draw_chance(0.0, a));
  EXPECT_TRUE(draw_chance(1.0, a));
}

TEST(Jittered, BlendsWithTheOther) {
  const Image image = grey(2, {100, 200});
  EXPECT_EQ(jittered(image, {JitterStep::kBrightness, 0.5}), grey(2, {50, 100}));
  EXPECT_EQ(jittered(image, {JitterStep::kBrightness, 2.0}), grey(2, {200, 255}));
  EXPECT_EQ(jittered(image, {JitterStep::kContrast, 0.5}), grey(2, {125, 175}));
  EXPECT_EQ(jittered(grey(2, {1, 2}), {JitterStep::kContrast, 0.0}), grey(2, {2, 2}));
  EXPECT_EQ(jittered(image, {JitterStep::kSaturation, 0.0}), image);
  Image red = make_image(1, 1, ImageMode::kRGB);
  red.pixels = {255, 0, 0};
  EXPECT_EQ(jittered(red, {JitterStep::kSaturation, 0.0}).pixels,
            (std::vector<uint8_t>{76, 76, 76}));
  EXPECT_EQ(jittered(red, {JitterStep::kHue, 0.3334}).pixels, (std::vector<uint8_t>{0, 255, 0}));
  EXPECT_THAT([] { jittered(formula(2, 2, ImageMode::kLA), {}); }, fails_with("mode LA"));
}

TEST(Padded, IsBlackAround) {
  EXPECT_EQ(padded(grey(1, {7}), 1), grey(3, {0, 0, 0, 0, 7, 0, 0, 0, 0}));
  EXPECT_EQ(flipped(grey(2, {1, 2})), grey(2, {2, 1}));
}

TEST(Blurred, KeepsFlatPicturesAndReflects) {
  EXPECT_EQ(blurred(grey(4, std::vector<uint8_t>(16, 77)), 5, 1.5),
            grey(4, std::vector<uint8_t>(16, 77)));
  // Weights ¼, ½, ¼ for σ² = 1 / (2 ln 2); at the edges the neighbour counts twice.
  const double sigma = std::sqrt(1 / (2 * std::log(2.0)));
  const std::vector<uint8_t> line = {0, 100, 0, 0, 100, 0, 0, 100, 0};
  EXPECT_EQ(blurred(grey(3, line), 3, sigma).pixels,
            (std::vector<uint8_t>{50, 50, 50, 50, 50, 50, 50, 50, 50}));
  EXPECT_THAT([] { blurred(grey(4, std::vector<uint8_t>(16)), 4, 1); }, fails_with("a blur of 4"));
  EXPECT_THAT([] { blurred(grey(2, {1, 2}), 5, 1); }, fails_with("cannot be applied"));
}

}  // namespace
}  // namespace relata::io
