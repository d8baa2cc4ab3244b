// Where the repository stands: for tests that read the data it carries.
#pragma once

#include <filesystem>

namespace relata::test {

inline std::filesystem::path repository() {
  return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
}

}  // namespace relata::test
