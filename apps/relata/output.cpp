#include "output.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace relata::app {

void print(const report::Table& table) { std::fputs(report::to_text(table).c_str(), stdout); }

void print(const nlohmann::json& value) { std::fputs((value.dump(1) + "\n").c_str(), stdout); }

void print_facts(const Facts& facts, const Common& common) {
  if (common.json) {
    nlohmann::json out = nlohmann::json::object();
    for (const auto& [name, value] : facts) out[name] = value;
    return print(out);
  }
  report::Table table{.columns = {{"what"}, {"value"}}, .rows = {}};
  for (const auto& [name, value] : facts) table.rows.push_back({name, value});
  print(table);
}

}  // namespace relata::app
