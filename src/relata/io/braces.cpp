// expand_braces of tar.h.
#include <algorithm>
#include <charconv>

#include "relata/base/error.h"
#include "relata/io/tar.h"
#include "relata/io/utf8.h"

namespace relata::io {
namespace {

constexpr std::size_t kPathLimit = 1'000'000;

Error fault(std::string what, std::string_view pattern) {
  return Error({.what = "the pattern " + excerpt(pattern) + " " + std::move(what),
                .remedy = "write it like shard-{000..012}.tar or {train,val}.tar"});
}

int64_t whole_number(std::string_view digits, std::string_view pattern) {
  int64_t value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || digits.size() > 18 || digits[0] == '-' || code != std::errc() ||
      end != digits.data() + digits.size()) {
    throw fault("has a range that is not of whole numbers", pattern);
  }
  return value;
}

std::vector<std::string> counted(std::string_view first, std::string_view last,
                                 std::string_view pattern) {
  const int64_t begin = whole_number(first, pattern);
  const int64_t end = whole_number(last, pattern);
  const int64_t step = begin <= end ? 1 : -1;
  const auto count = static_cast<std::size_t>((end - begin) * step) + 1;
  if (count > kPathLimit) throw fault("stands for more than a million paths", pattern);
  const bool zeros = (first.size() > 1 && first[0] == '0') || (last.size() > 1 && last[0] == '0');
  const std::size_t digits = zeros ? std::max(first.size(), last.size()) : 1;
  std::vector<std::string> numbers;
  numbers.reserve(count);
  for (int64_t n = begin; numbers.size() < count; n += step) {
    std::string text = std::to_string(n);
    numbers.push_back(std::string(digits - std::min(digits, text.size()), '0') + text);
  }
  return numbers;
}

std::vector<std::string> choices(std::string_view inside, std::string_view pattern) {
  if (const auto dots = inside.find(".."); dots != std::string_view::npos) {
    return counted(inside.substr(0, dots), inside.substr(dots + 2), pattern);
  }
  std::vector<std::string> list;
  for (std::size_t begin = 0; begin <= inside.size();) {
    const std::size_t end = std::min(inside.find(',', begin), inside.size());
    list.emplace_back(inside.substr(begin, end - begin));
    begin = end + 1;
  }
  if (list.size() < 2) throw fault("has braces around nothing to choose from", pattern);
  return list;
}

}  // namespace

std::vector<std::string> expand_braces(std::string_view pattern) {
  std::vector<std::string> paths = {""};
  for (std::size_t at = 0; at < pattern.size();) {
    const std::size_t open = std::min(pattern.find_first_of("{}", at), pattern.size());
    for (std::string& path : paths) path += pattern.substr(at, open - at);
    if (open == pattern.size()) break;
    const std::size_t close = pattern.find_first_of("{}", open + 1);
    if (pattern[open] == '}' || close == std::string_view::npos || pattern[close] == '{') {
      throw fault("has unbalanced or nested braces", pattern);
    }
    const std::vector<std::string> list =
        choices(pattern.substr(open + 1, close - open - 1), pattern);
    if (list.size() > kPathLimit / paths.size()) {
      throw fault("stands for more than a million paths", pattern);
    }
    std::vector<std::string> longer;
    longer.reserve(paths.size() * list.size());
    for (const std::string& path : paths) {
      for (const std::string& choice : list) longer.push_back(path + choice);
    }
    paths = std::move(longer);
    at = close + 1;
  }
  return paths;
}

}  // namespace relata::io
