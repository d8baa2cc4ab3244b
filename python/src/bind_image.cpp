// Pictures: tensors for users, and the picture in its own mode for the parity tests.
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "module.h"
#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/io/dtype.h"
#include "relata/io/image/augment.h"
#include "relata/io/image/convert.h"
#include "relata/io/image/decode.h"
#include "relata/io/image/exif.h"
#include "relata/io/image/preprocessing.h"
#include "relata/io/image/resize.h"
#include "relata/io/json.h"

namespace relata::python {
namespace {

namespace fs = std::filesystem;
using io::Image;
using io::ImageMode;
using torch::Tensor;

/// uint8 [height, width, 3] or, of grey, [height, width].
Tensor tensor_of(const Image& image) {
  const bool grey = image.mode == ImageMode::kL;
  std::vector<int64_t> shape = {image.height, image.width};
  if (!grey) shape.push_back(io::pixel_bytes(image.mode));
  const Tensor tensor = torch::empty(shape, torch::kUInt8);
  std::memcpy(tensor.data_ptr<uint8_t>(), image.pixels.data(), image.pixels.size());
  return tensor;
}

Image image_of(const Tensor& tensor) {
  const bool grey = tensor.dim() == 2;
  if (tensor.scalar_type() != torch::kUInt8 ||
      (!grey && (tensor.dim() != 3 || tensor.size(2) != 3))) {
    throw Error({.what = "the image is " + std::string(torch::toString(tensor.scalar_type())) +
                         " " + io::shape_text(tensor.sizes().vec()) +
                         ", expected uint8 [height, width, 3] or, for grey, [height, width]",
                 .remedy = "convert it first"});
  }
  const Tensor dense = tensor.detach().cpu().contiguous();
  Image image =
      io::make_image(dense.size(1), dense.size(0), grey ? ImageMode::kL : ImageMode::kRGB);
  std::memcpy(image.pixels.data(), dense.const_data_ptr<uint8_t>(), image.pixels.size());
  return image;
}

Tensor read_image(const fs::path& path, bool exif, bool allow_truncated, int64_t pixel_limit) {
  return tensor_of(io::to_rgb(io::read_image(
      path, {.apply_exif = exif, .allow_truncated = allow_truncated, .pixel_limit = pixel_limit})));
}

io::PassOrder pass_order_of(const std::string& name) {
  if (name == "pillow12") return io::PassOrder::kPillow12;
  if (name == "pillow13") return io::PassOrder::kPillow13;
  throw Error(
      {.what = "there is no pass order \"" + name + "\"", .remedy = "use pillow12 or pillow13"});
}

Tensor resize(const Tensor& image, int64_t height, int64_t width, const std::string& filter,
              const std::string& pass_order) {
  return tensor_of(
      io::resize(image_of(image), width, height, io::filter_of(filter), pass_order_of(pass_order)));
}

ImageMode mode_of(const std::string& name) {
  for (const ImageMode mode :
       {ImageMode::k1, ImageMode::kL, ImageMode::kLA, ImageMode::kI16, ImageMode::kP,
        ImageMode::kRGB, ImageMode::kRGBA, ImageMode::kCMYK}) {
    if (io::mode_name(mode) == name) return mode;
  }
  throw Error({.what = "there is no mode \"" + name + "\""});
}

py::bytes bytes_of(const std::vector<uint8_t>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<uint8_t> vector_of(const std::string& bytes) { return {bytes.begin(), bytes.end()}; }

Image picture(const std::string& mode, int64_t width, int64_t height, const std::string& pixels,
              const std::string& palette) {
  Image image = io::make_image(width, height, mode_of(mode));
  if (pixels.size() != image.pixels.size()) throw Error({.what = "pixels of another size"});
  image.pixels = vector_of(pixels);
  image.palette = vector_of(palette);
  return image;
}

Image decode(const std::string& file, const std::string& name, bool exif, bool allow_truncated,
             bool fast, int64_t target_width, int64_t target_height, int64_t pixel_limit) {
  return io::decode_image(std::as_bytes(std::span(file)), name,
                          {.apply_exif = exif,
                           .allow_truncated = allow_truncated,
                           .mode = fast ? io::DecodeMode::kFast : io::DecodeMode::kExact,
                           .target_height = target_height,
                           .target_width = target_width,
                           .pixel_limit = pixel_limit});
}

io::Preprocessing preprocessing_of(const std::string& config, const std::string& where) {
  return io::Preprocessing::from_json(io::parse_json_strict(config, where), where);
}

Tensor tensor_of(const io::PixelValues& pixels) {
  const Tensor tensor = torch::empty({3, pixels.height, pixels.width});
  std::memcpy(tensor.data_ptr<float>(), pixels.values.data(), pixels.values.size() * sizeof(float));
  return tensor;
}

Tensor preprocess_file(const fs::path& path, const std::string& config, const std::string& where) {
  const MappedFile file(path);
  return tensor_of(preprocessing_of(config, where).run(file.bytes(), path.string()));
}

Tensor preprocess_tensor(const Tensor& image, const std::string& config, const std::string& where) {
  return tensor_of(preprocessing_of(config, where).run(image_of(image)));
}

Tensor preprocess_picture(const Image& image, const std::string& config) {
  return tensor_of(preprocessing_of(config, "config").run(image));
}

std::string rewritten(const std::string& config) {
  return preprocessing_of(config, "config").to_json().dump();
}

void bind_picture(py::module_& module) {
  py::class_<Image>(module, "Picture")
      .def(py::init(&picture), py::arg("mode"), py::arg("width"), py::arg("height"),
           py::arg("pixels"), py::arg("palette") = "")
      .def_readonly("width", &Image::width)
      .def_readonly("height", &Image::height)
      .def_property_readonly("mode", [](const Image& i) { return std::string(mode_name(i.mode)); })
      .def_property_readonly("pixels", [](const Image& image) { return bytes_of(image.pixels); })
      .def_property_readonly("palette", [](const Image& image) { return bytes_of(image.palette); })
      .def(
          "resize",
          [](const Image& image, int64_t width, int64_t height, const std::string& filter,
             const std::string& order) {
            return io::resize(image, width, height, io::filter_of(filter), pass_order_of(order));
          },
          py::arg("width"), py::arg("height"), py::arg("filter"),
          py::arg("pass_order") = "pillow12")
      .def("to_rgb", [](const Image& image) { return io::to_rgb(image); })
      .def("to_luma", io::to_luma)
      .def("oriented", io::oriented)
      .def("crop",
           [](const Image& image, int64_t x, int64_t y, int64_t width, int64_t height) {
             return io::crop(image, {.x = x, .y = y, .width = width, .height = height});
           })
      .def("flipped", io::flipped)
      .def("blurred", io::blurred)
      .def("jittered",
           [](const Image& image, int step, double amount) {
             return io::jittered(image,
                                 {.step = static_cast<io::JitterStep>(step), .amount = amount});
           })
      .def("difference", [](const Image& a, const Image& b) {
        const io::PixelDifference difference = io::pixel_difference(a, b);
        return std::pair(difference.largest, difference.mean);
      });
  module.def("decode", decode, py::arg("file"), py::arg("name") = "picture",
             py::arg("exif") = false, py::arg("allow_truncated") = false, py::arg("fast") = false,
             py::arg("target_width") = 0, py::arg("target_height") = 0,
             py::arg("pixel_limit") = io::kPixelLimit);
}

}  // namespace

void bind_image(py::module_& module) {
  const py::call_guard<py::gil_scoped_release> free;
  module.def("read_image", read_image, free, py::arg("path"), py::arg("exif"),
             py::arg("allow_truncated"), py::arg("pixel_limit"));
  module.def("resize", resize, free);
  module.def("preprocess_file", preprocess_file, free);
  module.def("preprocess_tensor", preprocess_tensor, free);
  module.def("rewrite_preprocessor_config", rewritten);
  bind_picture(module);
  module.def("preprocess_picture", preprocess_picture);
}

}  // namespace relata::python
