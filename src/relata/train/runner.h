// From a recipe to a finished run: one job in this process, or many side by side in child
// processes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "relata/train/summary.h"

namespace relata::train {

struct RunOptions {
  std::filesystem::path data;
  data::OpenOptions open;
  std::vector<std::string>
      open_arguments;  ///< the command-line form of `open`, for child processes
  std::filesystem::path out;
  Resume resume = Resume::kNo;
  int64_t jobs = 0;  ///< at once; 0: as many as there are threads
};

/// Runs every seed (and, where the rule is cross_validated, first every fold) that has not
/// finished, then writes summary.json and report.html. A killed run is resumed with the same
/// command and --resume: only what is missing runs. Seed jobs stand in OUT/jobs/seed-N, folds in
/// OUT/jobs/fold-R-F; a single seed without folds has its job in OUT.
Summary run_recipe(const Recipe& recipe, const RunOptions& options);

}  // namespace relata::train
