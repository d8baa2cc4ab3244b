#include "relata/data/check_vectors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "relata/base/error.h"

namespace relata::data {
namespace {

/// Names of features; an unreadable or mismatched file of names is a finding, not an end.
std::vector<std::string> names_of(const View& view, std::string_view field, VectorCheck& check) {
  try {
    return view.feature_names(field);
  } catch (const Error& error) {
    check.findings.push_back(
        {Severity::kError, fmt::format("field '{}'", field), std::string(error.what())});
  }
  std::vector<std::string> numbers;
  for (int64_t i = 0; i < view.width(field); ++i) numbers.push_back(std::to_string(i));
  return numbers;
}

/// The features whose finite values are all equal.
std::vector<size_t> constant_features(const View& view, std::string_view field) {
  const auto width = static_cast<size_t>(view.width(field));
  std::vector<double> least(width, std::numeric_limits<double>::infinity());
  std::vector<double> most(width, -std::numeric_limits<double>::infinity());
  for (int64_t i = 0; i < view.size(); ++i) {
    const auto row = view.vector(i, field);
    for (size_t f = 0; f < row.size(); ++f) {
      if (row[f] < least[f]) least[f] = row[f];
      if (row[f] > most[f]) most[f] = row[f];
    }
  }
  std::vector<size_t> constant;
  for (size_t f = 0; f < width; ++f) {
    if (least[f] >= most[f]) constant.push_back(f);
  }
  return constant;
}

/// Counts the cells that are not finite; where the first one stands, or an empty text.
std::string count_cells(const View& view, std::string_view field,
                        const std::vector<std::string>& names, VectorFact& fact) {
  std::string first;
  for (int64_t i = 0; i < view.size(); ++i) {
    const auto row = view.vector(i, field);
    fact.rows += view.present(i, field) ? 1 : 0;
    for (size_t f = 0; f < row.size(); ++f) {
      if (std::isfinite(row[f])) continue;
      ++(std::isnan(row[f]) ? fact.nan_cells : fact.infinite_cells);
      if (first.empty()) {
        first = fmt::format("{} at record '{}', feature '{}'", row[f], view.id(i), names[f]);
      }
    }
  }
  return first;
}

}  // namespace

std::string examples(const std::vector<std::string>& texts) {
  constexpr size_t kExamples = 3;
  std::vector<std::string> first;
  for (size_t i = 0; i < std::min(texts.size(), kExamples); ++i) {
    first.push_back("'" + texts[i] + "'");
  }
  if (texts.size() > kExamples) first.emplace_back("…");
  return fmt::format("{}", fmt::join(first, ", "));
}

VectorCheck check_vector(const View& all, const View& train, std::string_view field) {
  VectorCheck check;
  VectorFact& fact = check.fact;
  fact = {.table = all.table().name, .field = std::string(field), .width = all.width(field)};
  const std::string subject = fmt::format("field '{}'", field);
  if (fact.width == 0) {
    check.findings.push_back({Severity::kWarning, subject, "no record has it"});
    return check;
  }
  const std::vector<std::string> names = names_of(all, field, check);
  const std::string first = count_cells(all, field, names, fact);
  if (!first.empty()) {
    check.findings.push_back({Severity::kError, subject,
                              fmt::format("{} cells are NaN and {} infinite, the first: {}",
                                          fact.nan_cells, fact.infinite_cells, first)});
  }
  std::vector<std::string> constant;
  for (const size_t feature : constant_features(train, field)) constant.push_back(names[feature]);
  fact.constant_features = static_cast<int64_t>(constant.size());
  if (constant.empty()) return check;
  check.findings.push_back({Severity::kWarning, subject,
                            fmt::format("{} of {} features are constant: {}", constant.size(),
                                        fact.width, examples(constant))});
  return check;
}

}  // namespace relata::data
