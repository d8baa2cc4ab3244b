#include "relata/io/image/exif.h"

#include "unit/io/image/pictures.h"

namespace relata::io {
namespace {

// One entry: orientation, SHORT, one of them.
const std::string kLittle("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0", 26);
const std::string kBig("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0\0\0\0\0", 26);

TEST(Exif, ReadsBothByteOrders) {
  EXPECT_EQ(exif_orientation(bytes_of(kLittle)), 6);
  EXPECT_EQ(exif_orientation(bytes_of(kBig)), 8);
  EXPECT_EQ(exif_orientation(bytes_of(std::string("Exif\0\0", 6) + kLittle)), 6);
}

TEST(Exif, WhatIsBrokenTurnsNothing) {
  for (std::size_t size = 0; size < 22; ++size) {
    EXPECT_EQ(exif_orientation(bytes_of(kLittle.substr(0, size))), 1) << size;
  }
  for (const char value : {'\0', '\x09'}) {
    std::string block = kLittle;
    block[18] = value;
    EXPECT_EQ(exif_orientation(bytes_of(block)), 1);
  }
  std::string far = kLittle;
  far[7] = '\x7F';  // the directory lies outside
  EXPECT_EQ(exif_orientation(bytes_of(far)), 1);
  std::string other = kLittle;
  other[12] = '\x04';  // another type
  EXPECT_EQ(exif_orientation(bytes_of(other)), 1);
}

TEST(Oriented, TurnsInEightWays) {
  const Image image = grey(3, {1, 2, 3, 4, 5, 6});
  const Image expected[] = {grey(3, {1, 2, 3, 4, 5, 6}), grey(3, {3, 2, 1, 6, 5, 4}),
                            grey(3, {6, 5, 4, 3, 2, 1}), grey(3, {4, 5, 6, 1, 2, 3}),
                            grey(2, {1, 4, 2, 5, 3, 6}), grey(2, {4, 1, 5, 2, 6, 3}),
                            grey(2, {6, 3, 5, 2, 4, 1}), grey(2, {3, 6, 2, 5, 1, 4})};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    EXPECT_EQ(oriented(image, orientation), expected[orientation - 1]) << orientation;
  }
  EXPECT_EQ(oriented(image, 0), image);
  EXPECT_EQ(oriented(image, 9), image);
}

TEST(Oriented, KeepsPixelsTogether) {
  for (const ImageMode mode : {ImageMode::kLA, ImageMode::kRGB, ImageMode::kRGBA}) {
    const Image image = formula(4, 3, mode);
    EXPECT_EQ(oriented(oriented(image, 6), 8), image);
    EXPECT_EQ(oriented(oriented(image, 5), 5), image);
    EXPECT_EQ(oriented(oriented(image, 7), 7), image);
  }
}

}  // namespace
}  // namespace relata::io
