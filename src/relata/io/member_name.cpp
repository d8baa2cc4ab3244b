#include "relata/io/member_name.h"

#include <algorithm>
#include <string>

#include "relata/base/error.h"
#include "relata/io/utf8.h"

namespace relata::io {
namespace {

/// Backslashes count as separators: some programs write and follow them.
bool has_parent_component(std::string_view name) {
  std::size_t begin = 0;
  while (begin <= name.size()) {
    const std::size_t end = std::min(name.find_first_of("/\\", begin), name.size());
    if (name.substr(begin, end - begin) == "..") return true;
    begin = end + 1;
  }
  return false;
}

std::string_view fault_of(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.find('\0') != std::string_view::npos) return "has a zero byte";
  if (invalid_utf8_at(name)) return "is not UTF-8";
  if (name.front() == '/' || name.front() == '\\') return "is absolute";
  if (has_parent_component(name)) return "leads out of the archive with \"..\"";
  return {};
}

}  // namespace

void check_member_name(std::string_view name, std::string_view where) {
  const std::string_view fault = fault_of(name);
  if (fault.empty()) return;
  throw Error({.what = "the member name " + excerpt(name) + " " + std::string(fault),
               .where = std::string(where),
               .remedy = "pack the files again under relative names in UTF-8"});
}

}  // namespace relata::io
