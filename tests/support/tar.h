// Small tar archives for tests.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace relata::test {

/// An archive of (name, content), ustar.
inline std::string tar(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string file;
  for (const auto& [name, content] : members) {
    std::string header(512, '\0');
    header.replace(0, name.size(), name);
    header.replace(100, 8, "0000644\0", 8);
    header.replace(124, 12, fmt::format("{:011o}", content.size()) + '\0');
    header[156] = '0';
    header.replace(257, 8, "ustar\00000", 8);
    header.replace(148, 8, 8, ' ');
    uint64_t sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    header.replace(148, 7, fmt::format("{:06o}", sum) + '\0');
    file += header + content;
    file.resize((file.size() + 511) / 512 * 512);
  }
  return file + std::string(1024, '\0');
}

}  // namespace relata::test
