// Where the loop stands, and its line in a checkpoint.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "relata/train/loss_parts.h"

namespace relata::train {

/// Where the loop stands: everything that a checkpoint must hold beside weights and optimiser.
struct Position {
  int64_t epoch = 0;  ///< the epoch under way
  int64_t batch = 0;  ///< batches of it that are done
  int64_t step = 0;
  int64_t best_epoch = -1;
  double best = std::numeric_limits<double>::quiet_NaN();
  int64_t without_improvement = 0;
  std::vector<PartValue> sums;  ///< of the epoch under way
  double total = 0;
};

std::string to_line(const Position& position);
/// `where` names the checkpoint in an Error.
Position position_of_line(const std::string& line, const std::string& where);

}  // namespace relata::train
