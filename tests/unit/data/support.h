// What the tests of data share: a folder of files, and a matcher for an Error's message.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/data/dataset.h"
#include "relata/io/npy.h"
#include "support/scratch.h"

namespace relata::data {

/// A scratch folder that files are written into; it stands for a dataset, or for an import's
/// source.
class Files {
 public:
  std::filesystem::path operator/(const std::string& name) const { return scratch_ / name; }
  const std::filesystem::path& path() const { return scratch_.path(); }

  std::filesystem::path write(const std::string& name, std::string_view content) const {
    std::filesystem::create_directories((scratch_ / name).parent_path());
    write_file(scratch_ / name, content);
    return scratch_ / name;
  }

  void write_matrix(const std::string& name, int64_t columns,
                    const std::vector<double>& values) const {
    const std::vector<int64_t> shape{static_cast<int64_t>(values.size()) / columns, columns};
    io::write_npy(scratch_ / name, io::DType::kF64, shape, std::as_bytes(std::span(values)));
  }

  std::shared_ptr<const Dataset> open(const OpenOptions& options = {}) const {
    return Dataset::open(scratch_.path(), options);
  }

 private:
  test::Scratch scratch_;
};

/// For EXPECT_THAT([&] { … }, fails_with("part of the message")).
inline auto fails_with(const std::string& part) {
  return testing::ThrowsMessage<Error>(testing::HasSubstr(part));
}

inline std::vector<double> as_vector(std::span<const double> values) {
  return {values.begin(), values.end()};
}

inline std::vector<std::string> ids_of(const View& view) {
  std::vector<std::string> ids;
  for (int64_t i = 0; i < view.size(); ++i) ids.push_back(view.id(i));
  return ids;
}

}  // namespace relata::data
