// An index of a manifest and a shard, whatever they hold: every item can be read, searched by
// vector, words and a condition, or an Error refuses it. The input is the manifest, a zero byte,
// and the shard.
#include "relata/index/index.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "fuzz/fuzz.h"

namespace {

using namespace relata;

constexpr int64_t kWidth = 64;  // wider ones take long and say no more

std::filesystem::path folder() {
  static const std::filesystem::path path = [] {
    auto made = std::filesystem::temp_directory_path() / ("index_fuzz_" + std::to_string(getpid()));
    std::filesystem::create_directories(made);
    return made;
  }();
  return path;
}

void put(const char* name, const uint8_t* begin, const uint8_t* end) {
  std::ofstream(folder() / name, std::ios::binary)
      .write(reinterpret_cast<const char*>(begin), end - begin);
}

void read(const index::Index& index) {
  for (int64_t item = 0; item < index.size(); ++item) {
    fuzz::allow_error([&] { fuzz::require(index.find(index.id(item)) == item); });
    fuzz::require(std::cmp_equal(index.vector(item).size(), index.schema().width));
    for (std::size_t column = 0; column < index.schema().columns.size(); ++column)
      fuzz::allow_error([&] { index.value(item, column); });
  }
}

void search(const index::Index& index) {
  const auto width = static_cast<std::size_t>(index.schema().width);
  const std::vector<std::string> words(6, "red cell");
  for (const std::size_t queries : {std::size_t{1}, std::size_t{6}}) {
    const std::vector<float> vectors(queries * width, 0.5F);
    for (const auto kind : {index::LexicalKind::kBm25, index::LexicalKind::kTrigrams}) {
      index.search(
          vectors,
          {.k = 3,
           .precision =
               index.schema().bf16 ? index::ScanPrecision::kBf16 : index::ScanPrecision::kFp32,
           .lexical = {.weight = 0.3, .kind = kind, .texts = std::span(words).first(queries)}});
    }
  }
  const index::Filter filter("year > 2000 or subject = 'biology'", index.schema().columns);
  index.count(filter);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const uint8_t* end = data + size;
  const uint8_t* cut = std::find(data, end, uint8_t{0});
  put("store.json", data, cut);
  put("shard-000000.safetensors", cut == end ? end : cut + 1, end);
  fuzz::allow_error([&] {
    const index::Index index(folder());
    if (index.schema().width > kWidth) return;
    read(index);
    search(index);
  });
  return 0;
}
