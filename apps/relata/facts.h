// "What: value" pairs, as a table for people or as JSON.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "verbs.h"

namespace relata::app {

using Facts = std::vector<std::pair<std::string, std::string>>;

void print_facts(const Facts& facts, const Common& common);

}  // namespace relata::app
