#include "relata/io/image/decode.h"

#include "relata/io/image/convert.h"
#include "relata/io/image/jpeg_reader.h"
#include "unit/io/image/pictures.h"

namespace relata::io {
namespace {

/// What Pillow 12.3.0 makes of a sample: mode, size, and CRC-32 of its pixels and of those that
/// convert("RGB") and convert("L") give.
struct Golden {
  std::string name;
  std::string mode;
  int64_t width;
  int64_t height;
  uint32_t pixels;
  uint32_t rgb;
  uint32_t luma;
};

const Golden kGoldens[] = {
    {"jpeg/rgb420", "RGB", 21, 13, 0x194641e2, 0x194641e2, 0xbf1426a1},
    {"jpeg/rgb422_restart", "RGB", 21, 13, 0xc2f7970f, 0xc2f7970f, 0x09d13525},
    {"jpeg/progressive444", "RGB", 21, 13, 0x9a6b542a, 0x9a6b542a, 0xcee06d65},
    {"jpeg/grey", "L", 9, 17, 0x492d22ab, 0xe7b09afe, 0x492d22ab},
    {"jpeg/cmyk", "CMYK", 12, 10, 0x66b9cd70, 0x8409bea2, 0xf09ca84b},
    {"jpeg/ycck", "CMYK", 12, 10, 0x635addab, 0x5a8c0627, 0x0f369c80},
    {"jpeg/one_pixel", "RGB", 1, 1, 0x84a33628, 0x84a33628, 0x5767df55},
    {"jpeg/exif6", "RGB", 9, 5, 0x4e3f84f9, 0x4e3f84f9, 0x52ea60df},
    {"png/colour0_depth1", "1", 38, 20, 0x07152bc5, 0x71d653be, 0x07152bc5},
    {"png/colour0_depth2", "L", 14, 28, 0x0d63e410, 0x7d9c01be, 0x0d63e410},
    {"png/colour0_depth4", "L", 22, 24, 0x92c31ca1, 0x1b702ea1, 0x92c31ca1},
    {"png/colour0_depth8", "L", 39, 34, 0x2d03ebe2, 0x312258ef, 0x2d03ebe2},
    {"png/colour0_depth16", "I;16", 23, 17, 0xe3e53af2, 0xf6d7776d, 0xd6a7e174},
    {"png/colour3_depth1", "P", 1, 19, 0x415847ba, 0x579cde96, 0xb786b2f6},
    {"png/colour3_depth2", "P", 13, 21, 0x5deb2c77, 0x3125d3d5, 0x4c16ffaf},
    {"png/colour3_depth4", "P", 17, 15, 0xf76afaae, 0xa09479ba, 0xa0f816ab},
    {"png/colour3_depth8", "P", 9, 7, 0xdd1a5665, 0xf913a213, 0xd33ca013},
    {"png/colour2_depth8", "RGB", 32, 16, 0x6cf18122, 0x6cf18122, 0x9bfd1a8c},
    {"png/colour2_depth16", "RGB", 34, 30, 0x52a3c6cb, 0x52a3c6cb, 0x9c687025},
    {"png/colour4_depth8", "LA", 3, 6, 0xe7a1c0dd, 0x581993d8, 0x82b1dd85},
    {"png/colour4_depth16", "RGBA", 37, 2, 0xd81bd8af, 0xcf6bf76f, 0xd1f4a35c},
    {"png/colour6_depth8", "RGBA", 25, 24, 0xd535dadd, 0x6580b6b5, 0x87abdbf8},
    {"png/colour6_depth16", "RGBA", 38, 10, 0x42a56190, 0x350aed32, 0xe982a4fc},
    {"png/interlaced", "RGB", 33, 9, 0x828e2e84, 0x828e2e84, 0xcef571ce},
    {"png/interlaced_palette", "P", 20, 16, 0xfaefc855, 0x1766057e, 0x8cb07526},
    {"png/exif6", "RGB", 9, 5, 0x8caec849, 0x8caec849, 0x93476314},
    {"png/animated", "RGBA", 8, 6, 0x105da038, 0x56496b92, 0xf3cc8e12},
    {"webp/lossy", "RGB", 21, 13, 0xbd196a6b, 0xbd196a6b, 0x609fdb89},
    {"webp/lossy_alpha", "RGBA", 21, 13, 0x82ff05a2, 0xf2439b91, 0xefc34416},
    {"webp/lossless", "RGB", 9, 17, 0x7bc35aa2, 0x7bc35aa2, 0x705dcf1e},
    {"webp/lossless_alpha", "RGBA", 9, 17, 0x7d44e8c0, 0x7bc35aa2, 0x705dcf1e},
    {"webp/animated", "RGBA", 8, 6, 0x105da038, 0x56496b92, 0xf3cc8e12},
    {"webp/exif6", "RGB", 9, 5, 0x8caec849, 0x8caec849, 0x93476314},
};

TEST(Decode, GivesWhatPillowGives) {
  for (const Golden& golden : kGoldens) {
    const Image image = decode_image(bytes_of(sample(golden.name)), "f", {.apply_exif = false});
    EXPECT_EQ(mode_name(image.mode), golden.mode) << golden.name;
    EXPECT_EQ(image.width, golden.width) << golden.name;
    EXPECT_EQ(image.height, golden.height) << golden.name;
    EXPECT_EQ(crc(image.pixels), golden.pixels) << golden.name;
    EXPECT_EQ(crc(to_rgb(image).pixels), golden.rgb) << golden.name;
    EXPECT_EQ(crc(to_luma(image).pixels), golden.luma) << golden.name;
  }
}

TEST(Decode, ReadsTheHeaderAlone) {
  for (const Golden& golden : kGoldens) {
    const ImageHeader header = read_image_header(bytes_of(sample(golden.name)), "f");
    EXPECT_EQ(header.width, golden.width) << golden.name;
    EXPECT_EQ(header.height, golden.height) << golden.name;
    EXPECT_EQ(header.orientation, golden.name.ends_with("exif6") ? 6 : 1) << golden.name;
  }
}

TEST(Decode, TurnsThePictureUnlessToldNotTo) {
  for (const char* name : {"jpeg/exif6", "png/exif6", "webp/exif6"}) {
    const Image turned = decode_image(bytes_of(sample(name)), "f");
    EXPECT_EQ(turned.width, 5) << name;
    EXPECT_EQ(turned.height, 9) << name;
    const Image stored = decode_image(bytes_of(sample(name)), "f", {.apply_exif = false});
    EXPECT_EQ(stored.width, 9) << name;
    // Turned clockwise: the lower left corner is at the top now.
    EXPECT_TRUE(std::ranges::equal(turned.row(0).first(3), stored.row(4).first(3))) << name;
  }
}

TEST(Decode, TheBoundIsOnPixels) {
  for (const Golden& golden : kGoldens) {
    const int64_t pixels = golden.width * golden.height;
    EXPECT_NO_THROW(decode_image(bytes_of(sample(golden.name)), "f", {.pixel_limit = pixels}));
    EXPECT_THAT(
        [&] { decode_image(bytes_of(sample(golden.name)), "f.x", {.pixel_limit = pixels - 1}); },
        fails_with("f.x: has " + std::to_string(golden.width) + " × " +
                   std::to_string(golden.height) + " pixels, more than "));
  }
}

TEST(Decode, EveryTruncationIsAnErrorThatNamesTheFile) {
  for (const char* name : {"jpeg/rgb420", "jpeg/progressive444", "jpeg/cmyk", "webp/lossy",
                           "webp/lossless_alpha", "webp/animated"}) {
    const std::string file = sample(name);
    // The last bytes of a JPEG are its end mark, which is needed too.
    for (std::size_t size = 0; size + 2 <= file.size(); ++size) {
      EXPECT_THAT([&] { decode_image(bytes_of(file.substr(0, size)), "a.name"); },
                  fails_with("a.name: is "))
          << name << " " << size;
    }
  }
}

TEST(Decode, TruncatedPngIsAnErrorWhereRowsAreMissing) {
  const std::string file = sample("png/colour2_depth8");
  const std::size_t data = file.find("IDAT");
  for (std::size_t size = 0; size < data + 200; ++size) {
    EXPECT_THAT([&] { decode_image(bytes_of(file.substr(0, size)), "a.png"); },
                fails_with("a.png: is "))
        << size;
  }
}

TEST(Decode, TruncatedPicturesAreFilledIfAllowed) {
  const std::string jpeg = sample("jpeg/grey");
  const Image image =
      decode_image(bytes_of(jpeg.substr(0, jpeg.size() - 60)), "f", {.allow_truncated = true});
  EXPECT_EQ(image.pixels.back(), 128);
  const std::string png = sample("png/colour2_depth8");
  const Image half =
      decode_image(bytes_of(png.substr(0, png.find("IDAT") + 204)), "f", {.allow_truncated = true});
  EXPECT_EQ(half.pixels.back(), 0);
  EXPECT_EQ(half.row(0)[0], decode_image(bytes_of(png), "f").row(0)[0]);
}

TEST(Decode, DamageIsAnErrorUnlessAllowed) {
  std::string png = sample("png/colour2_depth8");
  png[png.find("IDAT") + 50] ^= 0x55;
  EXPECT_THAT([&] { decode_image(bytes_of(png), "a.png"); },
              fails_with("a.png: is a damaged PNG file ("));
  std::string jpeg = sample("jpeg/rgb422_restart");
  jpeg.replace(jpeg.size() - 100, 60, std::string(60, '\xFF'));
  EXPECT_THAT([&] { decode_image(bytes_of(jpeg), "a.jpg"); },
              fails_with("a.jpg: is a damaged JPEG file ("));
  EXPECT_NO_THROW(decode_image(bytes_of(jpeg), "a.jpg", {.allow_truncated = true}));
}

TEST(Decode, RefusesWhatIsNoPicture) {
  EXPECT_THAT([] { decode_image(bytes_of(""), "a"); }, fails_with("a: is empty"));
  EXPECT_THAT([] { decode_image(bytes_of("GIF89a"), "a"); },
              fails_with("a: is no picture that can be read"));
  EXPECT_THAT([] { read_image("/nowhere/a.png"); }, fails_with("/nowhere/a.png"));
}

TEST(Decode, ScansWithoutEndAreRefused) {
  const std::string file = sample("jpeg/progressive444");
  const std::size_t last = file.rfind("\xFF\xDA");
  std::string many = file.substr(0, file.size() - 2);
  for (int i = 0; i < 600; ++i) many += file.substr(last, file.size() - 2 - last);
  EXPECT_THAT([&] { decode_image(bytes_of(many + "\xFF\xD9"), "f", {.allow_truncated = true}); },
              fails_with("more than 500 scans"));
}

TEST(FastDecode, KeepsBothSidesOfTheTarget) {
  EXPECT_EQ(jpeg_denominator(643, 481, 80, 60), 8);
  EXPECT_EQ(jpeg_denominator(643, 481, 81, 61), 8);
  EXPECT_EQ(jpeg_denominator(643, 481, 82, 61), 4);
  EXPECT_EQ(jpeg_denominator(643, 481, 81, 62), 4);
  EXPECT_EQ(jpeg_denominator(643, 481, 322, 241), 2);
  EXPECT_EQ(jpeg_denominator(643, 481, 323, 1), 1);
  EXPECT_EQ(jpeg_denominator(643, 481, 0, 0), 1);
  const DecodeOptions fast{.mode = DecodeMode::kFast, .target_height = 3, .target_width = 5};
  const Image image = decode_image(bytes_of(sample("jpeg/rgb420")), "f", fast);
  EXPECT_EQ(image.width, 6);  // 21 / 4, rounded up
  EXPECT_EQ(image.height, 4);
}

TEST(FastDecode, TheTargetIsOfThePictureAsItIsSeen) {
  const DecodeOptions fast{.mode = DecodeMode::kFast, .target_height = 5, .target_width = 1};
  EXPECT_EQ(decode_image(bytes_of(sample("jpeg/exif6")), "f", fast).height, 5);
}

TEST(PixelDifference, IsTheLargestAndTheMean) {
  const PixelDifference difference =
      pixel_difference(grey(2, {0, 10, 20, 30}), grey(2, {3, 10, 20, 29}));
  EXPECT_EQ(difference.largest, 3);
  EXPECT_DOUBLE_EQ(difference.mean, 1.0);
  EXPECT_THAT([] { pixel_difference(grey(2, {0, 1}), grey(1, {0, 1})); },
              fails_with("different size or mode"));
}

}  // namespace
}  // namespace relata::io
