// What can be read is written back the same, and gives numbers of a finite size.
#include <nlohmann/json.hpp>

#include "fuzz/fuzz.h"
#include "relata/io/image/preprocessing.h"
#include "relata/io/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  using namespace relata;
  fuzz::allow_error([&] {
    const auto config = io::parse_json_strict(fuzz::as_text(data, size), "fuzz");
    const auto to = io::Preprocessing::from_json(config, "fuzz");
    fuzz::require(io::Preprocessing::from_json(to.to_json(), "again") == to);
    const auto [height, width] = to.output_size(3, 5);
    fuzz::require(height >= 1 && width >= 1);
    if (height * width > 1 << 16) return;
    const io::Image image = io::make_image(5, 3, io::ImageMode::kRGB);
    fuzz::require(to.run(image).values.size() == static_cast<std::size_t>(3 * height * width));
  });
  return 0;
}
