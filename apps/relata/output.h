// What verbs print to stdout: tables for people, JSON for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "relata/report/table.h"
#include "verbs.h"

namespace relata::app {

void print(const report::Table& table);
void print(const nlohmann::json& value);

/// "What: value" pairs, as a table or as JSON.
using Facts = std::vector<std::pair<std::string, std::string>>;
void print_facts(const Facts& facts, const Common& common);

}  // namespace relata::app
