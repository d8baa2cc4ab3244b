// WebP through libwebp: still pictures, and the first frame of animations.
#include <webp/decode.h>
#include <webp/demux.h>

#include <memory>
#include <string>

#include "relata/io/image/exif.h"
#include "relata/io/image/formats.h"

namespace relata::io {
namespace {

using Bytes = std::span<const std::byte>;

const uint8_t* data_of(Bytes file) { return reinterpret_cast<const uint8_t*>(file.data()); }

Error broken(VP8StatusCode code, std::string_view where) {
  if (code == VP8_STATUS_NOT_ENOUGH_DATA) return truncated_picture("WebP", where);
  if (code == VP8_STATUS_OUT_OF_MEMORY) {
    return Error({.what = "cannot be decoded: out of memory",
                  .where = std::string(where),
                  .kind = Error::Kind::kMachine});
  }
  return damaged_picture("WebP", "libwebp's status " + std::to_string(code), where);
}

WebPBitstreamFeatures features_of(Bytes file, std::string_view where) {
  WebPBitstreamFeatures features;
  const VP8StatusCode code = WebPGetFeatures(data_of(file), file.size(), &features);
  if (code != VP8_STATUS_OK) throw broken(code, where);
  return features;
}

struct Release {
  void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
  void operator()(WebPAnimDecoder* decoder) const { WebPAnimDecoderDelete(decoder); }
};

int orientation_of(Bytes file) {
  const WebPData data{.bytes = data_of(file), .size = file.size()};
  const std::unique_ptr<WebPDemuxer, Release> demuxer(WebPDemux(&data));
  WebPChunkIterator chunk;
  if (demuxer == nullptr || WebPDemuxGetChunk(demuxer.get(), "EXIF", 1, &chunk) == 0) return 1;
  const int orientation =
      exif_orientation(std::as_bytes(std::span(chunk.chunk.bytes, chunk.chunk.size)));
  WebPDemuxReleaseChunkIterator(&chunk);
  return orientation;
}

Image decode_still(Bytes file, const WebPBitstreamFeatures& features, std::string_view where) {
  const bool alpha = features.has_alpha != 0;
  Image image =
      make_image(features.width, features.height, alpha ? ImageMode::kRGBA : ImageMode::kRGB);
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0) throw broken(VP8_STATUS_INVALID_PARAM, where);
  config.output.colorspace = alpha ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {.rgba = image.pixels.data(),
                          .stride = static_cast<int>(image.row_bytes()),
                          .size = image.pixels.size()};
  const VP8StatusCode code = WebPDecode(data_of(file), file.size(), &config);
  WebPFreeDecBuffer(&config.output);
  if (code != VP8_STATUS_OK) {
    throw broken(code == VP8_STATUS_SUSPENDED ? VP8_STATUS_NOT_ENOUGH_DATA : code, where);
  }
  return image;
}

/// The first frame on its canvas; what it leaves free is transparent.
Image decode_first_frame(Bytes file, const WebPBitstreamFeatures& features,
                         std::string_view where) {
  const WebPData data{.bytes = data_of(file), .size = file.size()};
  const std::unique_ptr<WebPAnimDecoder, Release> decoder(WebPAnimDecoderNew(&data, nullptr));
  uint8_t* canvas = nullptr;
  int timestamp = 0;
  if (decoder == nullptr || WebPAnimDecoderGetNext(decoder.get(), &canvas, &timestamp) == 0) {
    throw damaged_picture("WebP", "its first frame cannot be decoded, or it is truncated", where);
  }
  const int channels = features.has_alpha != 0 ? 4 : 3;
  Image image = make_image(features.width, features.height,
                           channels == 4 ? ImageMode::kRGBA : ImageMode::kRGB);
  uint8_t* out = image.pixels.data();
  for (int64_t i = 0; i < image.width * image.height; ++i) {
    for (int c = 0; c < channels; ++c) *out++ = canvas[4 * i + c];
  }
  return image;
}

}  // namespace

ImageHeader read_webp_header(Bytes file, std::string_view where) {
  const WebPBitstreamFeatures features = features_of(file, where);
  return {.format = ImageFormat::kWebp,
          .width = features.width,
          .height = features.height,
          .orientation = orientation_of(file)};
}

Image decode_webp(Bytes file, std::string_view where, const DecodeOptions& options) {
  const WebPBitstreamFeatures features = features_of(file, where);
  check_pixels(features.width, features.height, options.pixel_limit, where);
  Image image = features.has_animation != 0 ? decode_first_frame(file, features, where)
                                            : decode_still(file, features, where);
  return oriented(std::move(image), options.apply_exif ? orientation_of(file) : 1);
}

}  // namespace relata::io
