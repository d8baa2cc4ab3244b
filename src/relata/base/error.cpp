#include "relata/base/error.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace relata {
namespace {

std::string one_line(const Error::Parts& parts) {
  std::string line = parts.where.empty() ? parts.what : parts.where + ": " + parts.what;
  if (!parts.remedy.empty()) line += "; " + parts.remedy;
  for (char& c : line) {
    if (c == '\n' || c == '\r') c = ' ';
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
