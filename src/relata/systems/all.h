// The one list of systems.
#pragma once

namespace relata::systems {

/// Registers every system; calling it again changes nothing.
void register_all();

}  // namespace relata::systems
