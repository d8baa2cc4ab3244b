#include "relata/systems/all.h"

#include "relata/systems/m3col/system.h"
#include "relata/train/registry.h"

namespace relata::systems {

void register_all() {
  train::register_system({.name = "m3col",
                          .summary = "mixup-contrastive classification of several modalities",
                          .make = [](Fields& fields) -> std::unique_ptr<train::System> {
                            m3col::Config config;
                            describe(fields, config);
                            return std::make_unique<m3col::M3col>(config);
                          }});
}

}  // namespace relata::systems
