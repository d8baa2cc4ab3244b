// From a picture to the numbers that a vision tower reads: what a preprocessor_config.json says.
// The steps and their order are those of Hugging Face's image processors (their Pillow back end).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relata/io/image/decode.h"
#include "relata/io/image/resize.h"

namespace relata::io {

struct PixelValues {
  int64_t height = 0;
  int64_t width = 0;
  std::vector<float> values = {};  ///< [3, height, width]: red, green, blue planes
};

/// In this order: EXIF, RGB, square canvas, resize, centre crop, rescale, normalise.
struct Preprocessing {
  enum class Resize {
    kNone,
    kShortestEdge,  ///< the shorter side to `shortest_edge`, the longer to int(edge·long/short)
    kExact,         ///< to height × width, whatever the picture's proportions
  };
  enum class Convert {
    kFirst,  ///< to RGB before the resize: Hugging Face's do_convert_rgb
    kLast,   ///< the resize in the picture's own mode, then to RGB: M3EL's released code
    kNever,  ///< a picture that is not RGB is refused
  };

  std::string processor = "CLIPImageProcessor";  ///< Hugging Face's class, kept for who reads it

  Resize resize = Resize::kShortestEdge;
  int64_t shortest_edge = 224;
  int64_t height = 224;
  int64_t width = 224;
  ResizeFilter filter = ResizeFilter::kBicubic;

  /// The offset is floor((side − crop) / 2); what reaches beyond the picture is black.
  bool center_crop = true;
  int64_t crop_height = 224;
  int64_t crop_width = 224;

  bool rescale = true;
  double rescale_factor = 1.0 / 255;
  bool normalise = true;
  std::array<double, 3> mean = {0.48145466, 0.4578275, 0.40821073};
  std::array<double, 3> std = {0.26862954, 0.26130258, 0.27577711};
  /// EfficientNet's: what is normalised is divided by std once more.
  bool include_top = false;
  Convert convert = Convert::kFirst;

  // What Hugging Face's files have no key for; these stand in the sub-object "relata".
  bool apply_exif = true;
  bool allow_truncated = false;
  DecodeMode decode = DecodeMode::kExact;
  PassOrder pass_order = PassOrder::kPillow12;
  /// LLaVA's `pad`: the picture in the middle of a square of its longer side, in `background`.
  bool pad_square = false;
  std::array<uint8_t, 3> background = {122, 116, 104};
  int64_t pixel_limit = kPixelLimit;

  bool operator==(const Preprocessing&) const = default;

  /// Throws Error naming `where` and the key for a value that is malformed or has no meaning here,
  /// and for keys of Hugging Face's that would change pixels and are not known. Keys that are
  /// absent have the defaults of the class that "image_processor_type" or "feature_extractor_type"
  /// names (CLIP, ViT, DeiT, SigLIP, BLIP, EfficientNet; the CLIP one if none is named).
  static Preprocessing from_json(const nlohmann::json& config, std::string_view where);

  /// Readable by Hugging Face; from_json gives the same again.
  nlohmann::json to_json() const;

  /// Height and width of what run gives for a picture of that size (seen upright).
  std::array<int64_t, 2> output_size(int64_t picture_height, int64_t picture_width) const;

  /// value = float(float(byte · rescale_factor as double) − float(mean)) / float(std), each step
  /// rounded to float32 as numpy does. Throws Error for a mode that kNever refuses.
  PixelValues run(const Image& image) const;

  /// decode_image with these options, then run, without keeping the whole picture where that can be
  /// avoided; bit for bit the same. Throws Error as decode_image.
  PixelValues run(std::span<const std::byte> file, std::string_view where) const;

  DecodeOptions decode_options() const;  ///< without the targets of kFast
};

/// The picture in the middle of a square of its longer side, offsets rounded down; RGB only.
Image padded_to_square(const Image& image, const std::array<uint8_t, 3>& background);

}  // namespace relata::io
