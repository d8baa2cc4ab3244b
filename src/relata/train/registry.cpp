#include "relata/train/registry.h"

#include "relata/base/closest_name.h"
#include "relata/base/error.h"

namespace relata::train {
namespace {

std::vector<SystemEntry>& entries() {
  static std::vector<SystemEntry> list;
  return list;
}

}  // namespace

void register_system(SystemEntry entry) {
  for (SystemEntry& known : entries()) {
    if (known.name == entry.name) return;  // a second call of the list changes nothing
  }
  entries().push_back(std::move(entry));
}

const std::vector<SystemEntry>& systems() { return entries(); }

const SystemEntry& find_system(const std::string& name) {
  std::vector<std::string> names;
  for (const SystemEntry& entry : entries()) {
    if (entry.name == name) return entry;
    names.push_back(entry.name);
  }
  throw Error({.what = "there is no system '" + name + "'",
               .where = "system",
               .remedy = "did you mean '" + closest_name(name, names) + "'?"});
}

}  // namespace relata::train
