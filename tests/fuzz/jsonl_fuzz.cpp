// Each record that parses is the same when written and parsed again; the scanner ends whatever the
// lines are.
#include "relata/io/jsonl.h"

#include <nlohmann/json.hpp>

#include "fuzz/fuzz.h"
#include "relata/io/json.h"

namespace {

using namespace relata;

/// False at the end of the text; an Error leaves the scanner on the next line.
bool read_record(io::JsonlScanner& scanner) {
  try {
    const auto record = scanner.next();
    if (!record) return false;
    const std::string line = io::to_line(*record);
    fuzz::require(io::to_line(io::parse_json_strict(line, "again")) == line);
  } catch (const Error&) {
    return true;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  io::JsonlScanner scanner(text, "fuzz");
  while (read_record(scanner)) {
  }
  fuzz::allow_error([&] { io::parse_json_strict(text, "fuzz"); });
  return 0;
}
