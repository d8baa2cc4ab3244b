#include "relata/io/image/preprocessing.h"

#include <nlohmann/json.hpp>

#include "relata/io/image/convert.h"
#include "unit/io/image/pictures.h"

namespace relata::io {
namespace {

using nlohmann::json;

float value_of(uint8_t byte, std::size_t channel) {
  const Preprocessing clip;
  const auto x = static_cast<float>(static_cast<double>(byte) * (1.0 / 255));
  return (x - static_cast<float>(clip.mean[channel])) / static_cast<float>(clip.std[channel]);
}

Preprocessing clip_of(int64_t size) {
  return {.shortest_edge = size, .crop_height = size, .crop_width = size};
}

TEST(Preprocessing, IsResizeCropAndNumbers) {
  const Image image = formula(50, 31);
  const PixelValues pixels = clip_of(20).run(image);
  ASSERT_EQ(pixels.height, 20);
  ASSERT_EQ(pixels.width, 20);
  const Image resized = resize(image, 32, 20, ResizeFilter::kBicubic);  // 20·50/31 = 32.3
  const Image cropped = crop(resized, {6, 0, 20, 20});
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t i = 0; i < 400; ++i) {
      ASSERT_EQ(pixels.values[c * 400 + i], value_of(cropped.pixels[3 * i + c], c));
    }
  }
}

TEST(Preprocessing, CropsBeyondThePictureAreBlack) {
  Preprocessing to = clip_of(4);
  to.crop_height = 7;
  to.crop_width = 3;
  const PixelValues pixels = to.run(formula(4, 4));
  EXPECT_EQ(pixels.height, 7);
  // floor((4 − 7) / 2) = −2: two black rows above, one below; of the columns those from 0 on.
  const Image image = formula(4, 4);
  EXPECT_EQ(pixels.values[3], value_of(0, 0));
  EXPECT_EQ(pixels.values[6], value_of(image.pixels[0], 0));
  EXPECT_EQ(pixels.values[18], value_of(0, 0));
}

TEST(Preprocessing, FilesGiveWhatTheirPicturesGive) {
  for (const char* name : {"jpeg/rgb420", "jpeg/grey", "jpeg/cmyk", "jpeg/exif6", "jpeg/one_pixel",
                           "png/colour3_depth8", "webp/lossy_alpha"}) {
    const std::string file = sample(name);
    const Image image = decode_image(bytes_of(file), "f");
    for (const int64_t size : {1, 5, 9, 13, 30}) {
      EXPECT_EQ(clip_of(size).run(bytes_of(file), "f").values, clip_of(size).run(image).values)
          << name << " " << size;
    }
  }
}

TEST(Preprocessing, ExifCanBeIgnored) {
  Preprocessing to{.resize = Preprocessing::Resize::kNone, .center_crop = false};
  EXPECT_EQ(to.run(bytes_of(sample("jpeg/exif6")), "f").width, 5);
  to.apply_exif = false;
  EXPECT_EQ(to.run(bytes_of(sample("jpeg/exif6")), "f").width, 9);
}

TEST(Preprocessing, CanResizeInTheOwnMode) {
  Preprocessing to{.resize = Preprocessing::Resize::kExact,
                   .height = 9,
                   .width = 9,
                   .filter = ResizeFilter::kLanczos,
                   .center_crop = false};
  const Image image = formula(5, 5, ImageMode::kRGBA);
  const PixelValues first = to.run(image);
  to.convert = Preprocessing::Convert::kLast;
  const PixelValues last = to.run(image);
  EXPECT_NE(first.values, last.values);
  const Image expected = to_rgb(resize(image, 9, 9, ResizeFilter::kLanczos));
  EXPECT_EQ(last.values[0], value_of(expected.pixels[0], 0));
  EXPECT_EQ(last.values[40], value_of(expected.pixels[120], 0));
}

TEST(Preprocessing, RefusesOtherModesIfTold) {
  Preprocessing to = clip_of(4);
  to.convert = Preprocessing::Convert::kNever;
  EXPECT_NO_THROW(to.run(formula(4, 4)));
  EXPECT_THAT([&] { to.run(bytes_of(sample("jpeg/grey")), "a.jpg"); },
              fails_with("a.jpg: is a picture of mode L"));
}

TEST(Preprocessing, BoundsPixels) {
  Preprocessing to = clip_of(4);
  to.pixel_limit = 21 * 13 - 1;
  EXPECT_THAT([&] { to.run(bytes_of(sample("jpeg/rgb420")), "a.jpg"); },
              fails_with("a.jpg: has 21 × 13 pixels"));
}

TEST(PaddedToSquare, PutsThePictureInTheMiddle) {
  const Image wide = padded_to_square(formula(5, 2), {122, 116, 104});
  EXPECT_EQ(wide.height, 5);
  EXPECT_EQ(wide.row(0)[0], 122);
  EXPECT_EQ(wide.row(1)[0], formula(5, 2).row(0)[0]);  // floor(3 / 2) rows above
  EXPECT_EQ(wide.row(3)[1], 116);
  EXPECT_EQ(padded_to_square(formula(2, 5), {1, 2, 3}).row(0)[2], 3);
}

Preprocessing read(const std::string& text) {
  return Preprocessing::from_json(json::parse(text), "c.json");
}

TEST(PreprocessorConfig, AnEmptyOneIsClip) { EXPECT_EQ(read("{}"), Preprocessing()); }

TEST(PreprocessorConfig, GoesBothWays) {
  for (const char* name : {"clip", "efficientnet", "old", "own"}) {
    const Preprocessing to = read(sample("preprocessor_config/" + std::string(name)));
    EXPECT_EQ(Preprocessing::from_json(to.to_json(), "again"), to) << name;
  }
  const Preprocessing own = read(sample("preprocessor_config/own"));
  EXPECT_FALSE(own.apply_exif);
  EXPECT_EQ(own.decode, DecodeMode::kFast);
  EXPECT_EQ(own.pass_order, PassOrder::kPillow13);
  EXPECT_EQ(own.convert, Preprocessing::Convert::kLast);
  EXPECT_TRUE(own.pad_square);
  EXPECT_EQ(own.background, (std::array<uint8_t, 3>{1, 2, 3}));
  EXPECT_EQ(own.pixel_limit, 99);
  EXPECT_TRUE(own.allow_truncated);
}

TEST(PreprocessorConfig, ALoneNumberMeansWhatItsClassSays) {
  EXPECT_EQ(read(R"({"size": 9})").resize, Preprocessing::Resize::kShortestEdge);
  const Preprocessing vit = read(R"({"size": 9, "image_processor_type": "ViTImageProcessorFast"})");
  EXPECT_EQ(vit.resize, Preprocessing::Resize::kExact);
  EXPECT_EQ(vit.width, 9);
}

TEST(PreprocessorConfig, RefusesWhatHasNoMeaning) {
  for (const char* text : {R"([])",
                           R"({"size": 0})",
                           R"({"size": {"height": 3}})",
                           R"({"size": "big"})",
                           R"({"size": 65537})",
                           R"({"crop_size": {"height": 3, "width": 0}})",
                           R"({"resample": 6})",
                           R"({"image_std": [1, 0, 1]})",
                           R"({"image_mean": [1, 1]})",
                           R"({"image_std": 1e-60})",
                           R"({"rescale_factor": 0})",
                           R"({"do_resize": 1})",
                           R"({"do_pad": true})",
                           R"({"do_flip_channel_order": true})",
                           R"({"image_processor_type": "X"})",
                           R"({"relata": {"exif": 1}})",
                           R"({"relata": {"decode": "quick"}})",
                           R"({"relata": {"background": [0, 0, 256]}})",
                           R"({"relata": {"pixels": 3}})",
                           R"({"relata": {"pixel_limit": 0}})"}) {
    EXPECT_THAT([&] { read(text); }, fails_with("c.json: ")) << text;
  }
  EXPECT_NO_THROW(read(R"({"do_flip_channel_order": null, "processor_class": "X"})"));
}

}  // namespace
}  // namespace relata::io
