#include "facts.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "relata/report/table.h"

namespace relata::app {

void print_facts(const Facts& facts, const Common& common) {
  if (common.json) {
    nlohmann::json out = nlohmann::json::object();
    for (const auto& [name, value] : facts) out[name] = value;
    std::fputs((out.dump(1) + "\n").c_str(), stdout);
    return;
  }
  report::Table table{.columns = {{"what"}, {"value"}}, .rows = {}};
  for (const auto& [name, value] : facts) table.rows.push_back({name, value});
  std::fputs(report::to_text(table).c_str(), stdout);
}

}  // namespace relata::app
