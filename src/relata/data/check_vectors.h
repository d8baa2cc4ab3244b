// The part of a dataset check that looks at the numbers of one vector field.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "relata/data/check.h"

namespace relata::data {

struct VectorCheck {
  VectorFact fact;
  std::vector<Finding> findings;
};

/// "'a', 'b', 'c', …" of the first few.
std::string examples(const std::vector<std::string>& texts);

/// Cells are counted in `all`; constant features are looked for in `train`.
VectorCheck check_vector(const View& all, const View& train, std::string_view field);

}  // namespace relata::data
