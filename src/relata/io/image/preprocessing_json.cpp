// preprocessor_config.json: Hugging Face's keys, and ours in the sub-object "relata".
#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "relata/base/error.h"
#include "relata/io/image/preprocessing.h"
#include "relata/io/utf8.h"

namespace relata::io {
namespace {

using nlohmann::json;
using Triple = std::array<double, 3>;

constexpr Triple kHalves = {0.5, 0.5, 0.5};
constexpr int64_t kSideLimit = 65'536;

/// The defaults of a class of Hugging Face's (transformers 5.15).
struct Class {
  std::string_view name;  ///< without "ImageProcessor"
  bool number_is_square;  ///< what a lone number for "size" means
  Preprocessing defaults;
};

Preprocessing square(std::string name, int64_t side, ResizeFilter filter, const Triple& mean,
                     const Triple& std) {
  return {.processor = std::move(name),
          .resize = Preprocessing::Resize::kExact,
          .height = side,
          .width = side,
          .filter = filter,
          .center_crop = false,
          .mean = mean,
          .std = std};
}

const std::vector<Class>& classes() {
  static const std::vector<Class> known = [] {
    const Preprocessing clip;
    Preprocessing deit =
        square("DeiTImageProcessor", 256, ResizeFilter::kBicubic, kHalves, kHalves);
    deit.center_crop = true;
    Preprocessing efficientnet =
        square("EfficientNetImageProcessor", 346, ResizeFilter::kBicubic, kHalves, kHalves);
    efficientnet.crop_height = efficientnet.crop_width = 289;
    efficientnet.include_top = true;
    return std::vector<Class>{
        {"CLIP", false, clip},
        {"ViT", true, square("ViTImageProcessor", 224, ResizeFilter::kBilinear, kHalves, kHalves)},
        {"DeiT", true, deit},
        {"Siglip", false,
         square("SiglipImageProcessor", 224, ResizeFilter::kBicubic, kHalves, kHalves)},
        {"Blip", true,
         square("BlipImageProcessor", 384, ResizeFilter::kBicubic, clip.mean, clip.std)},
        {"EfficientNet", true, efficientnet},
    };
  }();
  return known;
}

/// Hugging Face's keys that do not change pixels, or do not say so here.
constexpr std::array<std::string_view, 14> kIgnored = {"processor_class",
                                                       "_processor_class",
                                                       "auto_map",
                                                       "_valid_processor_keys",
                                                       "return_tensors",
                                                       "data_format",
                                                       "device",
                                                       "input_data_format",
                                                       "image_processor_type",
                                                       "feature_extractor_type",
                                                       "disable_grouping",
                                                       "pad_size",
                                                       "image_seq_length",
                                                       "default_to_square"};

class ConfigReader {
 public:
  ConfigReader(const json& config, std::string_view where) : config_(config), where_(where) {}

  Preprocessing run() const {
    if (!config_.is_object()) throw fault("the document", config_, "an object");
    const Class& kind = class_of();
    Preprocessing to = kind.defaults;
    read_size(to, kind.number_is_square);
    read_steps(to);
    if (const json* own = find("relata")) read_own(*own, to);
    refuse_unknown();
    return to;
  }

 private:
  Error fault(const std::string& key, const json& value, const std::string& expected) const {
    return Error({.what = key + " is " +
                          excerpt(value.dump(-1, ' ', false, json::error_handler_t::replace)) +
                          ", expected " + expected,
                  .where = std::string(where_),
                  .remedy = "correct the file, or save it again from the library that wrote it"});
  }

  const json* find(const char* key) const { return find_in(config_, key); }
  /// Null is as absent, as in Hugging Face's files.
  static const json* find_in(const json& object, const char* key) {
    const auto found = object.find(key);
    return found == object.end() || found->is_null() ? nullptr : &*found;
  }

  const Class& class_of() const {
    for (const char* key : {"image_processor_type", "feature_extractor_type"}) {
      const json* value = find(key);
      if (value == nullptr) continue;
      if (!value->is_string()) throw fault(key, *value, "a class's name");
      std::string_view name = value->get_ref<const std::string&>();
      for (const std::string_view end : {"Fast", "Pil", "ImageProcessor", "FeatureExtractor"}) {
        if (name.ends_with(end)) name.remove_suffix(end.size());
      }
      for (const Class& known : classes()) {
        if (known.name == name) return known;
      }
      throw fault(key, *value,
                  "the image processor of CLIP, ViT, DeiT, Siglip, Blip or EfficientNet");
    }
    return classes().front();
  }

  int64_t side(const std::string& key, const json& value) const {
    if (!value.is_number_integer() || value < 1 || value > kSideLimit) {
      throw fault(key, value, "a whole number from 1 to " + std::to_string(kSideLimit));
    }
    return value.get<int64_t>();
  }

  void read_size(Preprocessing& to, bool number_is_square) const {
    const json* size = find("size");
    if (size == nullptr) return;
    if (const json* decides = find("default_to_square")) {
      number_is_square = boolean("default_to_square", *decides);
    }
    if (size->is_number() && number_is_square) {
      to.resize = Preprocessing::Resize::kExact;
      to.height = to.width = side("size", *size);
    } else if (size->is_number()) {
      to.resize = Preprocessing::Resize::kShortestEdge;
      to.shortest_edge = side("size", *size);
    } else if (has_exactly(*size, {"shortest_edge"})) {
      to.resize = Preprocessing::Resize::kShortestEdge;
      to.shortest_edge = side("size.shortest_edge", size->at("shortest_edge"));
    } else if (has_exactly(*size, {"height", "width"})) {
      to.resize = Preprocessing::Resize::kExact;
      to.height = side("size.height", size->at("height"));
      to.width = side("size.width", size->at("width"));
    } else {
      throw fault("size", *size, "a number, {shortest_edge} or {height, width}");
    }
  }

  static bool has_exactly(const json& object, std::initializer_list<const char*> keys) {
    std::size_t present = 0;
    if (!object.is_object()) return false;
    for (const auto& [key, value] : object.items()) present += value.is_null() ? 0 : 1;
    return present == keys.size() &&
           std::ranges::all_of(keys, [&](const char* key) { return find_in(object, key); });
  }

  bool boolean(const std::string& key, const json& value) const {
    if (!value.is_boolean()) throw fault(key, value, "true or false");
    return value.get<bool>();
  }
  bool boolean_or(const char* key, bool otherwise) const {
    const json* value = find(key);
    return value == nullptr ? otherwise : boolean(key, *value);
  }

  double positive(const std::string& key, const json& value) const {
    const double number = value.is_number() ? value.get<double>() : 0.0;
    if (!(number > 0.0) || !std::isfinite(static_cast<float>(number))) {
      throw fault(key, value, "a positive number");
    }
    return number;
  }

  Triple triple(const char* key, const Triple& otherwise, bool may_be_zero) const {
    const json* value = find(key);
    if (value == nullptr) return otherwise;
    const json list = value->is_number() ? json::array({*value, *value, *value}) : *value;
    if (!list.is_array() || list.size() != 3) throw fault(key, *value, "three numbers");
    Triple numbers{};
    for (std::size_t i = 0; i < 3; ++i) {
      if (!list[i].is_number()) throw fault(key, *value, "three numbers");
      numbers[i] = list[i].get<double>();
      const auto rounded = static_cast<float>(numbers[i]);
      if (!std::isfinite(rounded) || (!may_be_zero && rounded == 0.0F)) {
        throw fault(key, *value, may_be_zero ? "three numbers" : "three numbers other than 0");
      }
    }
    return numbers;
  }

  void read_steps(Preprocessing& to) const {
    if (!boolean_or("do_resize", to.resize != Preprocessing::Resize::kNone)) {
      to.resize = Preprocessing::Resize::kNone;
    }
    if (const json* filter = find("resample")) to.filter = filter_number(*filter);
    to.center_crop = boolean_or("do_center_crop", to.center_crop);
    read_crop(to);
    to.rescale = boolean_or("do_rescale", to.rescale);
    if (const json* factor = find("rescale_factor")) {
      to.rescale_factor = positive("rescale_factor", *factor);
    }
    to.normalise = boolean_or("do_normalize", to.normalise);
    to.mean = triple("image_mean", to.mean, /*may_be_zero=*/true);
    to.std = triple("image_std", to.std, /*may_be_zero=*/false);
    to.include_top = boolean_or("include_top", to.include_top);
    if (!boolean_or("do_convert_rgb", true)) to.convert = Preprocessing::Convert::kNever;
    for (const char* key : {"do_pad", "rescale_offset"}) {
      const json* value = find(key);
      if (value != nullptr && boolean(key, *value)) throw fault(key, *value, "false");
    }
  }

  ResizeFilter filter_number(const json& value) const {
    if (!value.is_number_integer() || value < 0 || value > 5) {
      throw fault("resample", value, "Pillow's number of a filter, 0 to 5");
    }
    return static_cast<ResizeFilter>(value.get<int>());
  }

  void read_crop(Preprocessing& to) const {
    const json* crop = find("crop_size");
    if (crop == nullptr) return;
    if (crop->is_number()) {
      to.crop_height = to.crop_width = side("crop_size", *crop);
    } else if (has_exactly(*crop, {"height", "width"})) {
      to.crop_height = side("crop_size.height", crop->at("height"));
      to.crop_width = side("crop_size.width", crop->at("width"));
    } else {
      throw fault("crop_size", *crop, "a number or {height, width}");
    }
  }

  void read_own(const json& own, Preprocessing& to) const {
    if (!own.is_object()) throw fault("relata", own, "an object");
    for (const auto& [key, value] : own.items()) read_own_key(key, value, to);
  }

  template <typename Value>
  Value choice(const std::string& key, const json& value,
               std::initializer_list<std::pair<const char*, Value>> choices) const {
    std::string names;
    for (const auto& [name, meaning] : choices) {
      if (value == name) return meaning;
      names += (names.empty() ? "" : " or ") + std::string(name);
    }
    throw fault(key, value, names);
  }

  void read_own_key(const std::string& name, const json& value, Preprocessing& to) const {
    using Convert = Preprocessing::Convert;
    const std::string key = "relata." + name;
    if (name == "exif") {
      to.apply_exif = boolean(key, value);
    } else if (name == "allow_truncated") {
      to.allow_truncated = boolean(key, value);
    } else if (name == "decode") {
      to.decode = choice<DecodeMode>(key, value,
                                     {{"exact", DecodeMode::kExact}, {"fast", DecodeMode::kFast}});
    } else if (name == "pass_order") {
      to.pass_order = choice<PassOrder>(
          key, value, {{"pillow12", PassOrder::kPillow12}, {"pillow13", PassOrder::kPillow13}});
    } else if (name == "convert_rgb") {
      to.convert = choice<Convert>(key, value, {{"first", to.convert}, {"last", Convert::kLast}});
    } else if (name == "pad_square") {
      to.pad_square = boolean(key, value);
    } else if (name == "background") {
      to.background = colour(key, value);
    } else if (name == "pixel_limit") {
      if (!value.is_number_integer() || value < 1 || value > (int64_t{1} << 31U)) {
        throw fault(key, value, "a number of pixels from 1 to 2147483648");
      }
      to.pixel_limit = value.get<int64_t>();
    } else {
      throw fault(key, value,
                  "one of exif, allow_truncated, decode, pass_order, convert_rgb, pad_square, "
                  "background, pixel_limit");
    }
  }

  std::array<uint8_t, 3> colour(const std::string& key, const json& value) const {
    std::array<uint8_t, 3> bytes{};
    const bool sound =
        value.is_array() && value.size() == 3 && std::ranges::all_of(value, [](const json& number) {
          return number.is_number_integer() && number >= 0 && number <= 255;
        });
    if (!sound) throw fault(key, value, "three bytes");
    std::ranges::transform(value, bytes.begin(),
                           [](const json& number) { return number.get<uint8_t>(); });
    return bytes;
  }

  void refuse_unknown() const {
    constexpr std::array<std::string_view, 16> kRead = {
        "size",       "do_resize",      "resample",       "do_center_crop",
        "crop_size",  "do_rescale",     "rescale_factor", "do_normalize",
        "image_mean", "image_std",      "include_top",    "do_convert_rgb",
        "do_pad",     "rescale_offset", "relata",         "default_to_square"};
    for (const auto& [key, value] : config_.items()) {
      if (value.is_null() || std::ranges::count(kRead, key) > 0 ||
          std::ranges::count(kIgnored, key) > 0) {
        continue;
      }
      throw Error({.what = "the key " + excerpt(key) + " is not known, and may change pixels",
                   .where = std::string(where_),
                   .remedy = "remove it if it does not"});
    }
  }

  const json& config_;
  std::string_view where_;
};

}  // namespace

Preprocessing Preprocessing::from_json(const json& config, std::string_view where) {
  return ConfigReader(config, where).run();
}

json Preprocessing::to_json() const {
  json config = {
      {"image_processor_type", processor},
      {"do_resize", resize != Resize::kNone},
      {"resample", static_cast<int>(filter)},
      {"do_center_crop", center_crop},
      {"crop_size", {{"height", crop_height}, {"width", crop_width}}},
      {"do_rescale", rescale},
      {"rescale_factor", rescale_factor},
      {"do_normalize", normalise},
      {"image_mean", mean},
      {"image_std", std},
      {"do_convert_rgb", convert != Convert::kNever},
  };
  config["size"] = resize == Resize::kExact ? json{{"height", height}, {"width", width}}
                                            : json{{"shortest_edge", shortest_edge}};
  if (processor.starts_with("EfficientNet")) config["include_top"] = include_top;
  config["relata"] = {
      {"exif", apply_exif},
      {"allow_truncated", allow_truncated},
      {"decode", decode == DecodeMode::kExact ? "exact" : "fast"},
      {"pass_order", pass_order == PassOrder::kPillow12 ? "pillow12" : "pillow13"},
      {"convert_rgb", convert == Convert::kLast ? "last" : "first"},
      {"pad_square", pad_square},
      {"background", background},
      {"pixel_limit", pixel_limit},
  };
  return config;
}

}  // namespace relata::io
