#include "relata/base/error.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace relata {
namespace {

std::string one_line(const Error::Parts& parts) {
  std::string line = parts.where.empty() ? parts.what : parts.where + ": " + parts.what;
  if (!parts.remedy.empty()) line += "; " + parts.remedy;
  // A terminal obeys control characters: ASCII's, and those that are C2 80 to C2 9F in UTF-8.
  for (size_t i = 0; i < line.size(); ++i) {
    const auto c = static_cast<unsigned char>(line[i]);
    const auto next = static_cast<unsigned char>(i + 1 < line.size() ? line[i + 1] : 0);
    if (c < 0x20 || c == 0x7F) line[i] = ' ';
    if (c == 0xC2 && next >= 0x80 && next <= 0x9F) line.replace(i, 2, " ");
  }
  return line;
}

}  // namespace

Error::Error(Parts parts) : std::runtime_error(one_line(parts)), parts_(std::move(parts)) {}

Error system_error(const std::string& doing, const std::string& path, int error_number) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT;
  const bool absent = error_number == ENOENT || error_number == ENOTDIR;
  return Error({.what = doing + ": " + std::strerror(error_number),
                .where = path,
                .remedy = full     ? "free some space and run the same command again"
                          : absent ? "check the path"
                                   : "",
                .kind = absent ? Error::Kind::kInput : Error::Kind::kMachine});
}

}  // namespace relata
