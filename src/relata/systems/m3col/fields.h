// Which fields of a dataset M3CoL works on, and what it refuses by name.
#pragma once

#include <string>
#include <vector>

#include "relata/data/batch.h"
#include "relata/data/dataset.h"
#include "relata/systems/m3col/config.h"

namespace relata::systems::m3col {

struct Bound {
  std::vector<std::string> roles;
  std::string label;
};

/// Throws Error if there are fewer than two vector roles, a bound field is no vector, or the label
/// is ambiguous.
Bound bind_fields(const data::View& train, const Config& config);

/// Throws Error unless at least two classes have a row.
void check_classes(const data::View& train, const std::string& label);

bool has_label(const data::View& view, const std::string& label);

/// Treats these roles as missing in every row. Throws Error for a name that is no role.
void leave_out(data::Batch& batch, const std::vector<std::string>& without);

/// Throws Error naming the first row that has none of the roles.
void refuse_empty_rows(const data::Batch& batch, const std::vector<std::string>& roles,
                       const data::View& view);

/// Throws Error naming the record and the class that is none of the model's.
[[noreturn]] void refuse_class(const data::View& view, int64_t position, const std::string& name,
                               const std::vector<std::string>& classes);

}  // namespace relata::systems::m3col
