// Answers and indexes as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "relata/index/index.h"
#include "relata/search/searcher.h"

namespace relata::search {

/// Absent is null.
nlohmann::json to_json(const index::Value& value);
nlohmann::json to_json(const Answer& answer);
/// Size, width, columns, facts.
nlohmann::json to_json(const index::Index& index);

/// A value for people: "", a text, a number, texts with commas.
std::string to_text(const index::Value& value);

}  // namespace relata::search
