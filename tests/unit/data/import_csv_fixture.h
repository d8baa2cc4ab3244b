// What the tests of the CSV import share.
#pragma once

#include <filesystem>
#include <string>

#include "relata/data/import_csv.h"
#include "unit/data/support.h"

namespace relata::data {

class ImportCsv : public testing::Test {
 protected:
  /// Imports the files "a.csv" (and "b.csv" if it was written) with the labels "y.csv".
  ImportSummary import(CsvImport request = {}) {
    request.labels = files_ / "y.csv";
    request.views.emplace_back("a", files_ / "a.csv");
    if (std::filesystem::exists(files_ / "b.csv"))
      request.views.emplace_back("b", files_ / "b.csv");
    std::filesystem::remove_all(files_ / "out");
    return import_csv(request, files_ / "out");
  }

  std::shared_ptr<const Dataset> open() const { return Dataset::open(files_ / "out"); }

  auto importing(const std::string& a, const std::string& y, const CsvImport& request = {}) {
    return [=, this] {
      files_.write("a.csv", a);
      files_.write("y.csv", y);
      import(request);
    };
  }

  Files files_;
};

}  // namespace relata::data
