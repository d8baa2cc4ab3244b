// "Did you mean …?": the known name that is nearest to a misspelt one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace relata {

/// The candidate with the smallest Levenshtein distance (the first on ties); empty if there is
/// none.
std::string closest_name(std::string_view name, std::span<const std::string> candidates);

}  // namespace relata
