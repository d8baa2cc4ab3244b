// Seeded cuts of rows into parts: fractions that keep groups whole, and stratified folds for
// cross-validation.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace relata::data {

/// Parts of about the given fractions (which are scaled to sum 1); rows of one group stay together.
/// A function of the groups, the fractions and the seed. Rows keep their order within a part.
/// Throws Error if a fraction is not positive or a part would be empty.
std::vector<std::vector<int64_t>> split_by_fraction(std::span<const std::string> groups,
                                                    std::span<const double> fractions,
                                                    uint64_t seed);

/// The same, named: two fractions are train and test, three are train, val and test. Throws Error
/// for other numbers of fractions.
std::vector<std::pair<std::string, std::vector<int64_t>>> named_split(
    std::span<const std::string> groups, std::span<const double> fractions, uint64_t seed);

/// The proportions in a text such as "80/10/10" or "4/1", as they are; what splits by them scales
/// them. Throws Error unless it is two or three positive numbers.
std::vector<double> parse_fractions(std::string_view text);

/// The fold (0 … folds−1) of each row. Classes are spread evenly (their counts per fold differ by
/// at most one when every group is one row); groups stay whole and count by the class of their
/// first row. Throws Error if there are fewer groups than folds, or if such a label is negative.
std::vector<int64_t> stratified_folds(std::span<const int64_t> labels,
                                      std::span<const std::string> groups, int64_t folds,
                                      uint64_t seed);

}  // namespace relata::data
