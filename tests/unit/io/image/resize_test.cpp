#include "relata/io/image/resize.h"

#include "relata/io/image/resample_passes.h"
#include "unit/io/image/pictures.h"

namespace relata::io {
namespace {

std::vector<int> pixel(const Image& image, int64_t y, int64_t x) {
  const auto at = image.row(y).subspan(static_cast<std::size_t>(x * pixel_bytes(image.mode)),
                                       static_cast<std::size_t>(pixel_bytes(image.mode)));
  return {at.begin(), at.end()};
}

// irra.md §9.5
TEST(Resize, GoldensOfIrra) {
  struct {
    int64_t height, width;
    uint32_t source, bilinear, bicubic;
    std::vector<int> corner, inner;
  } const cases[] = {
      {61, 23, 0x351b9fee, 0x7885f9f9, 0xf50bd103, {0, 101, 202}, {52, 153, 246}},
      {500, 190, 0x6ceb0745, 0x3aff2849, 0x9e03a138, {16, 117, 191}, {171, 77, 178}},
  };
  for (const auto& golden : cases) {
    const Image image = formula(golden.width, golden.height);
    EXPECT_EQ(crc(image.pixels), golden.source);
    const Image bilinear = resize(image, 128, 384, ResizeFilter::kBilinear);
    EXPECT_EQ(crc(bilinear.pixels), golden.bilinear);
    EXPECT_EQ(pixel(bilinear, 0, 0), golden.corner);
    EXPECT_EQ(pixel(bilinear, 200, 64), golden.inner);
    EXPECT_EQ(crc(resize(image, 224, 224, ResizeFilter::kBicubic).pixels), golden.bicubic);
  }
  Image small = make_image(5, 7, ImageMode::kL);
  for (int k = 0; k < 35; ++k) {
    small.pixels[static_cast<std::size_t>(k)] = static_cast<uint8_t>(37 * (k / 5) + 11 * (k % 5));
  }
  EXPECT_EQ(resize(small, 4, 3, ResizeFilter::kBilinear),
            grey(4, {35, 48, 60, 73, 114, 127, 139, 152, 193, 206, 218, 163}));
}

// m3el.md §9.4
TEST(Resize, GoldensOfM3el) {
  Image image = make_image(9, 7, ImageMode::kL);
  for (int k = 0; k < 63; ++k) {
    const int x = k % 9;
    const int y = k / 9;
    image.pixels[static_cast<std::size_t>(k)] =
        static_cast<uint8_t>(37 * x * x + 91 * y + 53 * x * y + 17);
  }
  EXPECT_EQ(resize(image, 5, 4, ResizeFilter::kLanczos),
            grey(5, {89,  116, 95, 133, 110, 153, 111, 155, 142, 145,
                     130, 148, 98, 108, 80,  109, 73,  68,  134, 131}));
  const Image larger = resize(image, 12, 9, ResizeFilter::kLanczos);
  EXPECT_EQ(crop(larger, {0, 0, 12, 1}),
            grey(12, {14, 15, 99, 168, 106, 72, 140, 181, 75, 16, 47, 86}));
  EXPECT_EQ(crop(larger, {0, 8, 12, 1}),
            grey(12, {28, 122, 147, 53, 49, 125, 66, 5, 200, 255, 194, 87}));
}

/// CRC-32 of Pillow 12.3.0's results.
TEST(Resize, GoldensOfEveryFilterAndMode) {
  struct {
    ImageMode mode;
    ResizeFilter filter;
    uint32_t pixels;
  } const cases[] = {
      {ImageMode::kL, ResizeFilter::kBicubic, 0xacf9ecb1},
      {ImageMode::kLA, ResizeFilter::kBicubic, 0x75cb7b7d},
      {ImageMode::kRGB, ResizeFilter::kNearest, 0x9ca03391},
      {ImageMode::kRGB, ResizeFilter::kBox, 0xf92a586d},
      {ImageMode::kRGB, ResizeFilter::kBilinear, 0x995e388a},
      {ImageMode::kRGB, ResizeFilter::kHamming, 0xdd5e9f12},
      {ImageMode::kRGB, ResizeFilter::kBicubic, 0xfb80aa20},
      {ImageMode::kRGB, ResizeFilter::kLanczos, 0xba451ee1},
      {ImageMode::kRGBA, ResizeFilter::kNearest, 0xb907c93c},
      {ImageMode::kRGBA, ResizeFilter::kBox, 0x1afafe40},
      {ImageMode::kRGBA, ResizeFilter::kBilinear, 0x62cfd56d},
      {ImageMode::kRGBA, ResizeFilter::kHamming, 0xbd730845},
      {ImageMode::kRGBA, ResizeFilter::kBicubic, 0xac9bd19d},
      {ImageMode::kRGBA, ResizeFilter::kLanczos, 0x58e50e29},
      {ImageMode::kCMYK, ResizeFilter::kBicubic, 0xeb020863},
      {ImageMode::kI16, ResizeFilter::kNearest, 0xe27493e5},
      {ImageMode::kI16, ResizeFilter::kBox, 0x883009b2},
      {ImageMode::kI16, ResizeFilter::kBilinear, 0x550abd7b},
      {ImageMode::kI16, ResizeFilter::kHamming, 0x073e1914},
      {ImageMode::kI16, ResizeFilter::kBicubic, 0xf0ab1d1d},
      {ImageMode::kI16, ResizeFilter::kLanczos, 0x65a25a6c},
  };
  for (const auto& golden : cases) {
    EXPECT_EQ(crc(resize(formula(41, 57, golden.mode), 23, 64, golden.filter).pixels),
              golden.pixels)
        << mode_name(golden.mode) << " " << filter_name(golden.filter);
  }
}

TEST(Resize, KernelsGiveTheSame) {
  for (int64_t channels = 1; channels <= 4; ++channels) {
    for (const int64_t width : {1, 2, 3, 7, 16, 33, 100}) {
      for (const int64_t target : {1, 5, 31, 64, 250}) {
        const Image image = formula(width * channels, 7, ImageMode::kL);
        const ByteRows rows{.data = image.pixels.data(),
                            .stride = image.row_bytes(),
                            .count = 7,
                            .end = image.pixels.data() + image.pixels.size()};
        const FixedAxis axis(axis_weights(width, target, ResizeFilter::kLanczos, 0, target));
        std::vector<uint8_t> plain(static_cast<std::size_t>(7 * target * channels));
        std::vector<uint8_t> fast(plain.size());
        horizontal_pass(rows, channels, axis, plain.data(), Kernels::kPortable);
        horizontal_pass(rows, channels, axis, fast.data(), Kernels::kBest);
        EXPECT_EQ(plain, fast) << channels << " " << width << " " << target;

        const FixedAxis down(axis_weights(7, 5, ResizeFilter::kBicubic, 0, 5));
        plain.resize(static_cast<std::size_t>(image.row_bytes()));
        fast.resize(plain.size());
        for (int64_t y = 0; y < 5; ++y) {
          vertical_row(rows, 0, image.row_bytes(), down, y, plain.data(), Kernels::kPortable);
          vertical_row(rows, 0, image.row_bytes(), down, y, fast.data(), Kernels::kBest);
          EXPECT_EQ(plain, fast) << channels << " " << width << " " << y;
        }
      }
    }
  }
}

TEST(Resize, PassesAreOrderedAsPillowDoes) {
  const auto in_order = [](const Image& image, int64_t w, int64_t h, bool vertical) {
    const ResizeFilter filter = ResizeFilter::kBicubic;
    return vertical ? resize(resize(image, image.width, h, filter), w, h, filter)
                    : resize(resize(image, w, image.height, filter), w, h, filter);
  };
  const Image tall = formula(3, 301);
  const Image square = formula(30, 90);
  const ResizeFilter bicubic = ResizeFilter::kBicubic;
  EXPECT_NE(in_order(tall, 7, 20, true), in_order(tall, 7, 20, false));
  EXPECT_NE(in_order(square, 17, 20, true), in_order(square, 17, 20, false));
  EXPECT_EQ(resize(tall, 7, 20, bicubic), in_order(tall, 7, 20, true));
  EXPECT_EQ(resize(formula(3, 300), 7, 20, bicubic), in_order(formula(3, 300), 7, 20, false));
  EXPECT_EQ(resize(tall, 7, 400, bicubic), in_order(tall, 7, 400, false));
  EXPECT_EQ(resize(square, 17, 20, bicubic), in_order(square, 17, 20, false));
  EXPECT_EQ(resize(square, 17, 20, bicubic, PassOrder::kPillow13), in_order(square, 17, 20, true));
  // h − H = 26 = 2·(w − W) is not more.
  EXPECT_EQ(resize(square, 17, 64, bicubic, PassOrder::kPillow13), in_order(square, 17, 64, false));
}

TEST(Resize, AlphaIsPremultiplied) {
  // A transparent white pixel does not shine through.
  Image image = make_image(2, 1, ImageMode::kLA);
  image.pixels = {255, 0, 100, 255};
  EXPECT_EQ(resize(image, 1, 1, ResizeFilter::kBox).pixels, (std::vector<uint8_t>{99, 128}));
}

TEST(Resize, PalettesAndBitsTakeTheNearest) {
  Image image = make_image(4, 1, ImageMode::kP);
  image.pixels = {0, 7, 1, 9};
  image.palette = {1, 2, 3};
  const Image half = resize(image, 2, 1, ResizeFilter::kLanczos);
  EXPECT_EQ(half.pixels, (std::vector<uint8_t>{7, 9}));
  EXPECT_EQ(half.palette, image.palette);
}

TEST(Resize, SixteenBitsAreCutAtBothEnds) {
  Image image = make_image(4, 1, ImageMode::kI16);
  image.pixels = {0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0};
  const Image wide = resize(image, 8, 1, ResizeFilter::kLanczos);
  EXPECT_EQ(wide.pixels[4], 0xFF);
  EXPECT_EQ(wide.pixels[5], 0xFF);
  EXPECT_EQ(wide.pixels[10], 0);
  EXPECT_EQ(wide.pixels[11], 0);
}

TEST(Resize, RefusesSizesWithoutPixelsOrEnd) {
  const auto to = [](int64_t width, int64_t height) {
    return [=] { resize(formula(2, 2), width, height, ResizeFilter::kBox); };
  };
  EXPECT_THAT(to(0, 1), fails_with("cannot resize to 0 × 1"));
  EXPECT_THAT(to(1, -1), fails_with("cannot resize to 1 × -1"));
  EXPECT_THAT(to(int64_t{1} << 40U, int64_t{1} << 40U), fails_with("bytes at most"));
}

TEST(Filter, NamesGoBothWays) {
  for (const char* name : {"nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"}) {
    EXPECT_EQ(filter_name(filter_of(name)), name);
  }
  EXPECT_THAT([] { filter_of("cubic"); }, fails_with("there is no filter \"cubic\""));
}

TEST(Crop, IsBlackBeyondThePicture) {
  EXPECT_EQ(crop(grey(2, {1, 2, 3, 4}), {-1, 1, 4, 2}), grey(4, {0, 3, 4, 0, 0, 0, 0, 0}));
  EXPECT_EQ(crop(grey(2, {1, 2, 3, 4}), {5, 5, 1, 1}), grey(1, {0}));
}

}  // namespace
}  // namespace relata::io
