#include "relata/train/system.h"

#include <limits>

#include "relata/base/error.h"

namespace relata::train {

double Evaluation::operator[](std::string_view name) const {
  for (const Metric& metric : metrics) {
    if (metric.name == name) return metric.value;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

std::vector<ParameterGroup> System::parameter_groups() {
  ParameterGroup all{.name = "all", .parameters = {}};
  for (const auto& item : module().named_parameters())
    all.parameters.emplace_back(item.key(), item.value());
  return {all};
}

Draws System::draw(const data::Rows&, const Progress&, torch::Generator&) { return {}; }
bool System::forward_reads_other_rows(const Progress&) const { return false; }
bool System::has_objective(const Progress&) const { return false; }
LossParts System::objective(const Encoded&, const data::Rows&, const Draws&, const Progress&) {
  return {};
}

void System::check(const data::View&) const {}

std::map<std::string, double> System::counts(const data::Batch&) const {
  throw Error({.what = "system '" + name() + "' cannot count its loss parts in advance",
               .remedy = "use one micro-batch per batch (train.micro_batch=0)"});
}

}  // namespace relata::train
