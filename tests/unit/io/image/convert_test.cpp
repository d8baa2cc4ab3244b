#include "relata/io/image/convert.h"

#include "unit/io/image/pictures.h"

namespace relata::io {
namespace {

using Bytes = std::vector<uint8_t>;

Image one(ImageMode mode, Bytes pixel, Bytes palette = {}) {
  return {.width = 1, .height = 1, .mode = mode, .pixels = std::move(pixel), .palette = palette};
}

TEST(ToRgb, OfEachMode) {
  EXPECT_EQ(to_rgb(one(ImageMode::k1, {255})).pixels, (Bytes{255, 255, 255}));
  EXPECT_EQ(to_rgb(one(ImageMode::kL, {9})).pixels, (Bytes{9, 9, 9}));
  EXPECT_EQ(to_rgb(one(ImageMode::kLA, {9, 0})).pixels, (Bytes{9, 9, 9}));
  EXPECT_EQ(to_rgb(one(ImageMode::kI16, {9, 0})).pixels, (Bytes{9, 9, 9}));
  EXPECT_EQ(to_rgb(one(ImageMode::kI16, {9, 1})).pixels, (Bytes{255, 255, 255}));
  EXPECT_EQ(to_rgb(one(ImageMode::kP, {1}, {0, 0, 0, 1, 2, 3})).pixels, (Bytes{1, 2, 3}));
  EXPECT_EQ(to_rgb(one(ImageMode::kP, {2}, {5, 5, 5, 1, 2, 3})).pixels, (Bytes{0, 0, 0}));
  EXPECT_EQ(to_rgb(one(ImageMode::kRGBA, {1, 2, 3, 0})).pixels, (Bytes{1, 2, 3}));
  // 205 − 205·100/255 = 205 − 80
  EXPECT_EQ(to_rgb(one(ImageMode::kCMYK, {100, 0, 255, 50})).pixels, (Bytes{125, 205, 0}));
}

TEST(ToLuma, WeighsColours) {
  EXPECT_EQ(to_luma(one(ImageMode::kRGB, {255, 0, 0})).pixels, (Bytes{76}));
  EXPECT_EQ(to_luma(one(ImageMode::kRGB, {0, 255, 0})).pixels, (Bytes{150}));
  EXPECT_EQ(to_luma(one(ImageMode::kRGB, {0, 0, 255})).pixels, (Bytes{29}));
  EXPECT_EQ(to_luma(one(ImageMode::kLA, {7, 3})).pixels, (Bytes{7}));
}

TEST(Premultiplied, RoundsAndGoesBack) {
  EXPECT_EQ(premultiplied(one(ImageMode::kRGBA, {255, 100, 1, 128})).pixels,
            (Bytes{128, 50, 1, 128}));
  EXPECT_EQ(unpremultiplied(one(ImageMode::kRGBA, {128, 50, 200, 128})).pixels,
            (Bytes{255, 99, 255, 128}));
  EXPECT_EQ(unpremultiplied(one(ImageMode::kLA, {7, 0})).pixels, (Bytes{7, 0}));
  EXPECT_THAT([] { premultiplied(one(ImageMode::kL, {7})); }, fails_with("a picture of mode L"));
}

TEST(MakeImage, RefusesSizesWithoutPixelsOrEnd) {
  EXPECT_THAT([] { make_image(0, 1, ImageMode::kL); }, fails_with("cannot be made"));
  EXPECT_THAT([] { make_image(5, 5, ImageMode::kL, 24); }, fails_with("at most 24"));
  EXPECT_NO_THROW(make_image(5, 5, ImageMode::kL, 25));
}

}  // namespace
}  // namespace relata::io
