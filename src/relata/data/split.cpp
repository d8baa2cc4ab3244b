#include "relata/data/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <unordered_map>

#include "relata/base/counter_rng.h"
#include "relata/base/error.h"
#include "relata/data/shuffle.h"
#include "relata/io/number.h"

namespace relata::data {
namespace {

/// Rows of each group, groups in the order of their first row.
std::vector<std::vector<int64_t>> rows_by_group(std::span<const std::string> groups) {
  std::unordered_map<std::string_view, size_t> number;
  std::vector<std::vector<int64_t>> rows;
  for (size_t row = 0; row < groups.size(); ++row) {
    const auto [found, is_new] = number.try_emplace(groups[row], rows.size());
    if (is_new) rows.emplace_back();
    rows[found->second].push_back(static_cast<int64_t>(row));
  }
  return rows;
}

void check_fractions(std::span<const double> fractions) {
  for (const double fraction : fractions) {
    if (std::isfinite(fraction) && fraction > 0) continue;
    throw Error({.what = fmt::format("a split has the fraction {}, expected more than 0", fraction),
                 .remedy = "write the parts as in 80/10/10"});
  }
}

void check_number_of_parts(size_t parts) {
  if (parts == 2 || parts == 3) return;
  throw Error({.what = fmt::format("a split has {} parts, expected 2 (train, test) or 3 (train, "
                                   "val, test)",
                                   parts),
               .remedy = "write the parts as in 80/10/10"});
}

}  // namespace

std::vector<std::vector<int64_t>> split_by_fraction(std::span<const std::string> groups,
                                                    std::span<const double> fractions,
                                                    uint64_t seed) {
  check_fractions(fractions);
  const double sum = std::accumulate(fractions.begin(), fractions.end(), 0.0);
  auto by_group = rows_by_group(groups);
  const std::vector<int64_t> order =
      shuffled(static_cast<int64_t>(by_group.size()), {seed, kSplitStream});
  std::vector<std::vector<int64_t>> parts(fractions.size());
  double end = 0;
  size_t taken = 0;  // rows
  size_t next = 0;   // groups
  for (size_t part = 0; part < parts.size(); ++part) {
    end += fractions[part] / sum * static_cast<double>(groups.size());
    const bool last = part + 1 == parts.size();
    while (next < order.size() && (last || static_cast<double>(taken) + 0.5 <= end)) {
      const auto& rows = by_group[static_cast<size_t>(order[next++])];
      parts[part].insert(parts[part].end(), rows.begin(), rows.end());
      taken += rows.size();
    }
    if (parts[part].empty()) {
      throw Error(
          {.what = fmt::format("{} rows in {} groups are too few for {} parts of these fractions",
                               groups.size(), by_group.size(), fractions.size()),
           .remedy = "use fewer parts or more data"});
    }
    std::sort(parts[part].begin(), parts[part].end());
  }
  return parts;
}

std::vector<std::pair<std::string, std::vector<int64_t>>> named_split(
    std::span<const std::string> groups, std::span<const double> fractions, uint64_t seed) {
  check_number_of_parts(fractions.size());
  const std::vector<std::string> names = fractions.size() == 2
                                             ? std::vector<std::string>{"train", "test"}
                                             : std::vector<std::string>{"train", "val", "test"};
  auto parts = split_by_fraction(groups, fractions, seed);
  std::vector<std::pair<std::string, std::vector<int64_t>>> named;
  for (size_t i = 0; i < parts.size(); ++i) named.emplace_back(names[i], std::move(parts[i]));
  return named;
}

std::vector<double> parse_fractions(std::string_view text) {
  std::vector<double> fractions;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('/', begin), text.size());
    const auto number = io::parse_number(text.substr(begin, end - begin));
    if (!number || !std::isfinite(*number)) {
      throw Error({.what = fmt::format("the split is '{}', expected numbers between slashes", text),
                   .remedy = "write the parts as in 80/10/10"});
    }
    fractions.push_back(*number);
    begin = end + 1;
  }
  check_fractions(fractions);
  check_number_of_parts(fractions.size());
  return fractions;
}

std::vector<int64_t> stratified_folds(std::span<const int64_t> labels,
                                      std::span<const std::string> groups, int64_t folds,
                                      uint64_t seed) {
  const auto by_group = rows_by_group(groups);
  if (folds < 2 || static_cast<int64_t>(by_group.size()) < folds) {
    throw Error({.what = fmt::format("{} groups of rows cannot be cut into {} folds",
                                     by_group.size(), folds)});
  }
  std::map<int64_t, std::vector<size_t>> groups_of_class;
  for (const int64_t g : shuffled(static_cast<int64_t>(by_group.size()), {seed, kSplitStream})) {
    const auto group = static_cast<size_t>(g);
    const int64_t label = labels[static_cast<size_t>(by_group[group].front())];
    if (label < 0)
      throw Error({.what = "a row without a label cannot be put into a stratified fold"});
    groups_of_class[label].push_back(group);
  }
  std::vector<int64_t> fold_of_row(labels.size());
  int64_t fold = 0;  // goes on from class to class, so that fold sizes differ by at most one too
  for (const auto& [label, members] : groups_of_class) {
    for (const size_t group : members) {
      for (const int64_t row : by_group[group]) fold_of_row[static_cast<size_t>(row)] = fold;
      fold = (fold + 1) % folds;
    }
  }
  return fold_of_row;
}

}  // namespace relata::data
