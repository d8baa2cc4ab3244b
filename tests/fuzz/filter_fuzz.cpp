// A condition on metadata, whatever it says: refused with a place inside it, or it gives an answer
// for any item, malformed ones included. The input is the condition, a zero byte, and the bytes of
// the item's columns.
#include "relata/index/filter.h"

#include <algorithm>
#include <string>
#include <vector>

#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  using namespace relata;
  static const std::vector<index::Column> columns{
      {.name = "subject", .kind = index::ColumnKind::kString},
      {.name = "year", .kind = index::ColumnKind::kInteger},
      {.name = "score", .kind = index::ColumnKind::kReal},
      {.name = "tags", .kind = index::ColumnKind::kStrings}};
  const uint8_t* end = data + size;
  const uint8_t* cut = std::find(data, end, uint8_t{0});
  const std::string condition(data, cut);
  const auto cells = fuzz::as_bytes(cut, static_cast<std::size_t>(end - cut));
  fuzz::allow_error([&] {
    try {
      const index::Filter filter(condition, columns);
      const bool absent = filter.matches([](std::size_t) { return std::span<const std::byte>(); });
      const index::Filter negated("not (" + condition + ")", columns);
      fuzz::require(negated.matches([](std::size_t) { return std::span<const std::byte>(); }) !=
                    absent);
      filter.matches([&](std::size_t) { return cells; });
    } catch (const index::FilterError& error) {
      fuzz::require(error.drawing().ends_with("^\n"));
      throw;
    }
  });
  return 0;
}
