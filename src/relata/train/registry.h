// The systems by name. It is filled once, by a list (systems/all.h), before anything else happens.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "relata/base/config.h"
#include "relata/train/system.h"

namespace relata::train {

struct SystemEntry {
  std::string name;
  std::string summary;
  /// Reads the system's own keys (at the top level of a recipe) and makes it.
  std::function<std::unique_ptr<System>(Fields&)> make;
};

void register_system(SystemEntry entry);
const std::vector<SystemEntry>& systems();
/// Throws Error naming the nearest known system.
const SystemEntry& find_system(const std::string& name);

}  // namespace relata::train
