// An index of a manifest and a shard, whatever they hold: every item can be read, searched by
// vector, words and a condition, or an Error refuses it. The input is the manifest, a zero byte,
// and the shard.
#include "relata/index/index.h"

#include <utility>

#include "fuzz/fuzz.h"
#include "fuzz/store_files.h"

namespace {

using namespace relata;

constexpr int64_t kWidth = 64;  // wider ones take long and say no more

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
  const auto& folder = fuzz::write_store_files(data, size);
  fuzz::allow_error([&] {
    const index::Index index(folder);
    if (index.schema().width > kWidth) return;
    read(index);
    search(index);
  });
  return 0;
}
