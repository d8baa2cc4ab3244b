#include "relata/io/image/jpeg_writer.h"

#include <gtest/gtest.h>

#include "relata/base/error.h"
#include "relata/io/image/decode.h"

namespace relata::io {
namespace {

Image gradient(ImageMode mode) {
  Image image = make_image(50, 33, mode);
  for (int64_t y = 0; y < image.height; ++y) {
    for (int64_t i = 0; i < image.row_bytes(); ++i)
      image.row(y)[static_cast<size_t>(i)] =
          static_cast<uint8_t>(3 * y + i / pixel_bytes(mode) + 40 * (i % pixel_bytes(mode)));
  }
  return image;
}

TEST(JpegWriter, WhatIsWrittenIsReadBack) {
  for (const ImageMode mode : {ImageMode::kRGB, ImageMode::kL}) {
    const Image image = gradient(mode);
    const std::string file = encode_jpeg(image, 95);
    const Image read = decode_image(std::as_bytes(std::span(file)), "memory");
    EXPECT_EQ(read.mode, mode);
    ASSERT_EQ(read.width, 50);
    ASSERT_EQ(read.height, 33);
    EXPECT_LT(pixel_difference(image, read).mean, 2);
    EXPECT_LT(encode_jpeg(image, 30).size(), file.size());
  }
}

TEST(JpegWriter, WhatNoJpegHoldsIsRefused) {
  EXPECT_THROW(encode_jpeg(make_image(2, 2, ImageMode::kRGBA), 90), Error);
  EXPECT_THROW(encode_jpeg(make_image(2, 2, ImageMode::kRGB), 0), Error);
  EXPECT_THROW(encode_jpeg(make_image(2, 2, ImageMode::kRGB), 101), Error);
  EXPECT_THROW(encode_jpeg(make_image(65'501, 1, ImageMode::kL), 90), Error);
  EXPECT_NO_THROW(encode_jpeg(make_image(65'500, 1, ImageMode::kL), 90));
  EXPECT_THROW(encode_jpeg(Image{}, 90), Error);
}

}  // namespace
}  // namespace relata::io
